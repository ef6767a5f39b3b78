"""Which storage a command uses, and whose names are taken there."""

from pathlib import Path

import pytest

from tests.tuner.simulated import small_space
from tuner.api import search
from tuner.durability.storage_choice import check_free, record_storage, storage_of
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import open_storage


def test_the_wrong_storage_would_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path / "run")
    monkeypatch.delenv("TUNER_STORAGE", raising=False)
    assert storage_of(folder, None) is None
    monkeypatch.setenv("TUNER_STORAGE", "/of-the-cluster")
    assert storage_of(folder, None) == open_storage("/of-the-cluster")
    assert storage_of(folder, "none") is None
    folder.path.mkdir()
    record_storage(folder, open_storage("/recorded"))
    assert storage_of(folder, None) == open_storage("/of-the-cluster"), "that start left no run"
    folder.space.touch()
    assert storage_of(folder, None) == open_storage("/recorded")
    assert storage_of(folder, "/given") == open_storage("/given")
    record_storage(folder, None)
    assert storage_of(folder, None) is None, "its checkpoints lie in its own folder"
    folder.space.unlink()
    assert folder.foreign_files() == []
    monkeypatch.setenv("TUNER_STORAGE", "")
    assert storage_of(folder, None) is None


def test_an_empty_name_would_silently_mean_no_storage(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match=r"--storage: must not be empty; none for no storage"):
        storage_of(RunFolder(tmp_path), "")


def test_another_machines_run_would_be_overwritten(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "shared"))
    storage.check()
    folder = RunFolder(tmp_path / "runs" / "one")
    check_free(storage, folder)
    storage.within("one").put("events.jsonl", b"x")
    with pytest.raises(TunerError, match="holds a run named one, and it is never overwritten"):
        check_free(storage, folder)
    with pytest.raises(TunerError, match="it is never overwritten"):
        search(small_space(), run=folder.path, storage=storage.uri)
    assert not folder.path.exists()
