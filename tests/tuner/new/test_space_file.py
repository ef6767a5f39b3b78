"""The file that is written: its name, its text, and that it replaces nothing."""

from pathlib import Path

import pytest

from models import detectors
from models.data.config import DataConfig
from tuner.cli.command_line import check_name
from tuner.errors import TunerError
from tuner.new.search_plan import plan
from tuner.new.space_file import (
    check_free,
    default_path,
    file_text,
    read_text,
    search_command,
    write_new,
)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("bottle", "bottle.yaml"),
        ("Geh\u00e4use links", "Gehause-links.yaml"),
        ("\u96f6\u4ef6", "images.yaml"),
        ("v1.2_a+b", "v1.2_a+b.yaml"),
        ("-x", "x.yaml"),
        ("", "images.yaml"),
        ("a\nb", "a-b.yaml"),
    ],
)
def test_a_folder_would_give_a_name_that_no_run_can_have(folder: str, name: str) -> None:
    path = default_path(Path("/pictures", folder) if folder else Path("/"))
    assert path == Path(name)
    check_name(f"{path.stem}-1")


def test_a_long_name_would_leave_no_room_for_the_number_of_a_run() -> None:
    check_name(f"{default_path(Path('x' * 300)).stem}-12345")


@pytest.mark.parametrize("detector", detectors.names())
@pytest.mark.parametrize("validation", ["labelled", "synthetic"])
def test_a_file_would_not_read_back_as_it_was_meant(detector: str, validation: str) -> None:
    known = detectors.requirements(detector).known_anomalies
    if known and validation == "synthetic":
        pytest.skip("it is never proposed")
    meant = DataConfig(
        dataset="folder",
        folder="/some where/\u96f6\u4ef6: # 'x' \"y\" off",
        normal=("1e5", "off", "true # no"),
        size=32,
        resize="pad",
        grayscale=True,
        bits=12,
        skip_unreadable=True,
        validation=validation,  # type: ignore[arg-type]
        anomalies_per_normal=0.1234 if known else 0,
        clusters=2 if known else 3,
    )
    text = file_text(detector, meant, plan(detector, meant, 150, 30), Path("x.yaml"), "pictures")
    space = read_text(text)
    assert (space.detector, space.data) == (detector, meant)
    assert text.startswith("# python -m tuner.search --space x.yaml\n#\n# Written by tuner.new")
    assert max(map(len, text.splitlines())) <= 100


def test_a_name_with_a_line_break_would_write_keys_of_its_own() -> None:
    meant = DataConfig(dataset="folder", folder="/a\ntrials: 9\n", anomalies_per_normal=0)
    about = f"pictures in {meant.folder}"
    text = file_text("pca", meant, plan("pca", meant, 150, 30), Path("x.yaml"), about)
    space = read_text(text)
    assert (space.data.folder, space.trials) == (meant.folder, 12)


def test_an_editor_would_not_find_the_schema(tmp_path: Path) -> None:
    (tmp_path / "search_spaces").mkdir()
    (tmp_path / "search_spaces" / "schema.json").touch()
    meant = DataConfig(dataset="folder", folder="/a", anomalies_per_normal=0)
    written = plan("pca", meant, 150, 30)
    near = file_text("pca", meant, written, tmp_path / "x.yaml", "")
    assert "# yaml-language-server: $schema=search_spaces/schema.json\n" in near
    (tmp_path / "search_spaces" / "schema.json").unlink()
    far = file_text("pca", meant, written, tmp_path / "x.yaml", "")
    named = far.split("$schema=")[1].splitlines()[0]
    assert (tmp_path / named).is_file()


def test_a_file_that_exists_would_be_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("mine")
    with pytest.raises(TunerError, match=r"x\.yaml exists, and is never overwritten"):
        check_free(path)
    with pytest.raises(TunerError, match="never overwritten"):
        write_new(path, "yours")
    assert path.read_text() == "mine"
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(TunerError, match="exists"):
        check_free(link)


def test_a_place_that_cannot_be_written_to_would_be_found_last(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match="there is no folder"):
        check_free(tmp_path / "none" / "x.yaml")
    with pytest.raises(TunerError, match="the run is named after the file"):
        check_free(tmp_path / "a b.yaml")


def test_half_a_file_would_stay(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match="cannot be written"):
        write_new(tmp_path / "x.yaml", "a\udcff")
    assert list(tmp_path.iterdir()) == []


def test_the_command_would_not_be_what_a_shell_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert search_command(tmp_path / "x.yaml") == "python -m tuner.search --space x.yaml"
    assert search_command(Path("/a b/x.yaml")).endswith("--space '/a b/x.yaml'")
