"""Where copies go is what somebody here has asked for."""

from pathlib import Path

import pytest

from tests.tuner.simulated import small_space
from tuner.durability.storage_choice import record_storage, storage_of
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.space import dump_space
from tuner.storage import open_storage


def recorded(folder: Path, place: Path) -> RunFolder:
    run_folder = RunFolder(folder)
    dump_space(small_space(), run_folder.space)
    record_storage(run_folder, open_storage(str(place)))
    return run_folder


def test_a_folder_that_was_sent_would_send_its_copies_elsewhere_unasked(tmp_path: Path) -> None:
    theirs, place = tmp_path / "theirs", tmp_path / "a place; of theirs"
    run_folder = recorded(theirs / "run", place)
    found = storage_of(run_folder, None)
    assert found is not None and found.uri == str(place)
    moved = RunFolder((theirs / "run").rename(tmp_path / "run"))
    with pytest.raises(TunerError, match=r"Say where copies .*: --storage '.*; of theirs'"):
        storage_of(moved, None)
    assert storage_of(moved, "none") is None
    record_storage(moved, open_storage(str(place)))
    assert storage_of(moved, None) is not None


def test_a_link_to_the_same_folder_would_count_as_another(tmp_path: Path) -> None:
    run_folder = recorded(tmp_path / "disk" / "run", tmp_path / "place")
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    assert storage_of(RunFolder(tmp_path / "runs" / run_folder.name), None) is not None


def test_what_an_earlier_version_wrote_would_be_forgotten(tmp_path: Path) -> None:
    run_folder = recorded(tmp_path / "run", tmp_path / "place")
    run_folder.storage.write_text(f"{tmp_path / 'place'}\n")
    assert storage_of(run_folder, None) is not None


@pytest.mark.parametrize(
    "content", [b"", b"no", b"/place/of/a/sto", b"\xff\n", b"place\n", b"/a\x00b\n", b"\n"]
)
def test_a_damaged_name_would_be_a_traceback_or_another_place(
    tmp_path: Path, content: bytes
) -> None:
    run_folder = recorded(tmp_path / "run", tmp_path / "place")
    run_folder.storage.write_bytes(content)
    with pytest.raises(TunerError, match=r"storage\.txt is damaged: it names no storage"):
        storage_of(run_folder, None)
    assert storage_of(run_folder, "none") is None
