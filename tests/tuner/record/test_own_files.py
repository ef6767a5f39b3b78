"""A folder that somebody sent makes us write nowhere but in it."""

import os
from pathlib import Path

import pytest

from tuner.errors import TunerError
from tuner.record.lock import sole_driver
from tuner.record.own_files import check_links, open_own
from tuner.record.run_folder import RunFolder

LINKED = (
    "driver.lock",
    "storage.txt",
    "events.jsonl",
    "study.db",
    "trials",
    "trials/0/log.txt",
    "wandb",
    ".trials.csv.123",
    "retrain",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of somebody else's."""
    path = tmp_path / "outside" / "diary.txt"
    path.parent.mkdir()
    path.write_text("dear diary")
    return path


@pytest.mark.parametrize("name", LINKED)
def test_a_link_in_a_folder_that_was_sent_would_lead_a_search_out_of_it(
    tmp_path: Path, outside: Path, name: str
) -> None:
    run_folder = RunFolder(tmp_path / "runs" / "sent")
    link = run_folder.path / name
    link.parent.mkdir(parents=True)
    for target in (outside, outside.parent, tmp_path / "missing", Path("../../../../outside")):
        link.symlink_to(target)
        with (
            pytest.raises(TunerError, match=f"{name} is a link to .*, and what is written there"),
            sole_driver(run_folder),
        ):
            pass
        link.unlink()
    assert outside.read_text() == "dear diary"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["outside", "runs"]


@pytest.mark.parametrize("name", ["driver.lock", "events.jsonl", "study.db", "trials/0/log.txt"])
def test_a_second_name_of_a_file_elsewhere_would_be_written_to(
    tmp_path: Path, outside: Path, name: str
) -> None:
    run_folder = RunFolder(tmp_path / "runs" / "sent")
    path = run_folder.path / name
    path.parent.mkdir(parents=True)
    path.hardlink_to(outside)
    with pytest.raises(TunerError, match="has another name too"), sole_driver(run_folder):
        pass
    assert outside.read_text() == "dear diary"


def test_links_that_stay_within_and_those_of_wandb_would_be_refused(
    tmp_path: Path, outside: Path
) -> None:
    (tmp_path / "disk" / "run" / "wandb").mkdir(parents=True)
    (tmp_path / "disk" / "run" / "trials").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk" / "run")  # the folder itself may lie elsewhere
    run_folder = RunFolder(tmp_path / "run")
    (run_folder.path / "newest").symlink_to("trials")
    (run_folder.wandb / "debug.log").symlink_to(outside)
    check_links(run_folder)
    with sole_driver(run_folder):
        assert (tmp_path / "disk" / "run" / "driver.lock").exists()


def test_a_link_put_there_since_would_be_followed(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.symlink_to(outside)
    with pytest.raises(TunerError, match="is a link to"):
        open_own(path, os.O_WRONLY)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(TunerError, match="no ordinary file"):
        open_own(path, os.O_WRONLY)
