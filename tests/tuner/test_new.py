"""`tuner.new` as it is typed: what it says, what it writes, and what it refuses."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tuner.new.folders import SIDE, picture, pictures, workpieces
from tests.tuner.test_commands import loaded_by, python
from tuner.new import __main__ as new
from tuner.new import cost
from tuner.search import __main__ as search
from tuner.space import load_space


@pytest.fixture(autouse=True)
def working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cost, "epoch_seconds", lambda _space, _machine, _lanes: 0.1)
    return place


def typed(arguments: Sequence[str | Path], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and what was said, of which kind ever."""
    code = new.main([str(each) for each in arguments])
    said = capsys.readouterr()
    return code, said.out if code == 0 else said.err


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_would_not_lead_to_a_search(
    tmp_path: Path, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts")
    code, said = typed([folder], capsys)
    assert code == 0
    assert files(working_folder) == ["parts.yaml"]
    assert said.rstrip().splitlines()[-1] == "  python -m tuner.search --space parts.yaml"
    space = load_space(Path("parts.yaml"))
    assert (space.detector, space.data.folder) == ("autoencoder", str(folder))
    assert (space.data.size, space.data.validation) == (16, "labelled")
    assert search.main(["--space", "parts.yaml", "--dry-run"]) == 0
    assert "12 trials of at most" in capsys.readouterr().out


def test_what_was_found_would_not_be_said_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts")
    (folder / "dent" / "again.png").write_bytes((folder / "dent" / "000.png").read_bytes())
    _, said = typed([folder], capsys)
    places = [
        said.index(text)
        for text in (
            "good/ and kinds of defects: dent, scratch",
            "71: 30 good, 41 bad (21 dent, 20 scratch)",
            f"{SIDE} x {SIDE}, all of them",
            "in colour, all of them; PNG",
            "1 picture is equal to another",
            "What each picture is for",
            "Shortcuts: ",
            "none reaches 0.95",
            "Floor: AUROC on validation alone",
            "Detector: autoencoder",
            "Cost of the search",
            "Wrote parts.yaml",
        )
    ]
    assert places == sorted(places)


def test_a_lamp_would_be_learnt_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = typed([workpieces(tmp_path / "parts", bad_mean=200)], capsys)
    assert (
        "mean brightness alone tells bad from good (1.000): a detector will learn the lamp, not "
        "the scratch"
    ) in said


def test_good_pictures_alone_would_not_lead_to_a_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "only good", bad=0)
    code, said = typed([folder], capsys)
    assert code == 0
    assert "good/ alone" in said
    assert "synthetic anomalies made of them" in said
    space = load_space(Path("only-good.yaml"))
    assert (space.objective, space.data.validation) == ("best_auroc", "synthetic")
    assert search.main(["--space", "only-good.yaml", "--dry-run"]) == 0


def test_an_existing_file_would_be_overwritten_or_found_late(
    tmp_path: Path, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (working_folder / "parts.yaml").write_text("mine")
    code, said = typed([tmp_path / "parts"], capsys)  # there is no such folder either
    assert (code, "never overwritten" in said) == (2, True)
    assert (working_folder / "parts.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--detector", "autoencodr"], "--detector: unknown detector 'autoencodr'"),
        (["--detector", "two-discriminator-gan"], "learns from known bad pictures"),
        (["--size", "4"], "--size: 4 is not allowed; give a number from 8 to 1024"),
        (["--size", "50", "--detector", "autoencoder"], "takes sides of: 16, 32, 64, 128, 256"),
        (["--normal", "cat"], "there is no class 'cat'"),
        (["--normal", "good", "--anomalous", "dent"], "either --normal or --anomalous"),
        (["--out", "none/x.yaml"], "there is no folder none"),
    ],
)
def test_a_wish_that_cannot_be_met_would_write_something(
    tmp_path: Path,
    working_folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    code, text = typed([workpieces(tmp_path / "parts", bad=0), *arguments], capsys)
    assert (code, files(working_folder)) == (2, [])
    assert said in text


def test_classes_would_not_be_listed_with_what_to_type(
    tmp_path: Path, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("cat", "dog", "my cow")):
        pictures(tmp_path / "animals" / name, 25, first=100 * number)
    code, said = typed([tmp_path / "animals"], capsys)
    assert (code, files(working_folder)) == (2, [])
    assert "has 3 classes, and none is called good" in said
    assert "  my cow: 25" in said
    command = said.rstrip().splitlines()[-1].split()
    assert command[:3] == ["python", "-m", "tuner.new"]
    assert typed(command[3:], capsys)[0] == 0
    assert load_space(Path("animals.yaml")).data.normal == ("cat",)
    assert typed([tmp_path / "animals", "--anomalous", "my cow", "--out", "b.yaml"], capsys)[0] == 0
    assert load_space(Path("b.yaml")).data.anomalous == ("my cow",)


def test_pictures_that_cannot_be_read_would_be_found_one_at_a_time(
    tmp_path: Path, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts")
    (folder / "good" / "empty.png").touch()
    (folder / "dent" / "text.jpg").write_text("none")
    code, said = typed([folder], capsys)
    assert (code, files(working_folder)) == (2, [])
    assert "good/empty.png: the file is empty" in said
    assert "dent/text.jpg" in said
    assert "--skip-unreadable" in said
    code, said = typed([folder, "--skip-unreadable"], capsys)
    assert code == 0
    assert "2 that cannot be read" in said
    assert load_space(Path("parts.yaml")).data.skip_unreadable


def test_a_folder_that_is_none_would_leave_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = typed([tmp_path / "none"], capsys)
    assert (code, said) == (2, f"the folder {tmp_path / 'none'} does not exist\n")
    (tmp_path / "file").touch()
    assert "is a file, not a folder" in typed([tmp_path / "file"], capsys)[1]
    (tmp_path / "empty").mkdir()
    assert "there are no pictures" in typed([tmp_path / "empty"], capsys)[1]
    few = workpieces(tmp_path / "few", good=19)
    assert "are the fewest" in typed([few], capsys)[1]


def test_a_file_that_is_good_and_bad_would_be_divided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts")
    (folder / "dent" / "x.png").write_bytes((folder / "good" / "000.png").read_bytes())
    code, said = typed([folder], capsys)
    assert code == 2
    assert "cannot be both normal and defective" in said


def test_twelve_bits_would_be_taken_for_sixteen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "camera" / "good"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(25):
        Image.fromarray(generator.integers(0, 4096, (20, 20), np.uint16)).save(
            folder / f"{number}.png"
        )
    _, said = typed([folder.parent], capsys)
    data = load_space(Path("camera.yaml")).data
    assert (data.bits, data.grayscale) == (12, True)
    assert "none a value above 4,095: data.bits is 12" in said


def test_a_name_of_the_world_would_not_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "Geh\u00e4use \u96f6\u4ef6 #1")
    code, said = typed([folder], capsys)
    assert code == 0
    assert said.rstrip().endswith("--space Gehause-1.yaml")
    assert load_space(Path("Gehause-1.yaml")).data.folder == str(folder)


def test_a_folder_named_by_a_dot_would_have_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts", bad=0)
    monkeypatch.chdir(folder / "good")
    assert typed(["..", "--out", tmp_path / "dots.yaml"], capsys)[0] == 0
    assert load_space(tmp_path / "dots.yaml").data.folder == str(folder)


def test_the_same_pictures_would_be_told_of_differently(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workpieces(tmp_path / "parts")
    first = typed([folder, "--out", "a.yaml"], capsys)[1].replace("a.yaml", "x.yaml")
    os.environ["TUNER_CACHE"] = str(tmp_path / "other")
    second = typed([folder, "--out", "b.yaml"], capsys)[1].replace("b.yaml", "x.yaml")
    kept = [
        [line for line in said.splitlines() if "decoded pictures" not in line]
        for said in (first, second)
    ]
    assert kept[0] == kept[1]


def test_one_picture_more_than_an_epoch_can_be_timed_on_would_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tuner.planning.epoch_timing import epoch_seconds

    monkeypatch.setattr(cost, "epoch_seconds", epoch_seconds)
    folder = workpieces(tmp_path / "parts", good=20, bad=0)
    picture(folder / "good" / "wide.png", 77, side=50)
    code, said = typed([folder], capsys)
    assert code == 0
    assert "likely about" in said


def test_bad_standard_output_would_leave_a_traceback(tmp_path: Path) -> None:
    """The other places are those of all commands, in test_commands."""
    folder = workpieces(tmp_path / "parts", good=20, bad=2)
    assert new.main([str(folder), "--out", "own.yaml"]) == 0
    for command in (f"tuner.new {folder} --out b.yaml", "tuner.search --space own.yaml --dry-run"):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m {command} >/dev/full"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert done.stderr.startswith("standard output")


def test_help_would_wait_for_heavy_libraries() -> None:
    assert loaded_by("tuner.new", ["--help"]) == set()
    done = python("-m", "tuner.new", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: python -m tuner.new" in done.stdout
