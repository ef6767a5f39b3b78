"""The copy of a record: consistent while the driver writes, and enough to go on from."""

import itertools
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuner.simulated import Simulation, small_space
from tuner.durability import record_sync
from tuner.durability.record_check import check_record
from tuner.durability.record_sync import RecordCopies, fetch_record
from tuner.errors import TunerError
from tuner.record.journal import read_lines
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.space import dump_space
from tuner.storage import Storage, StorageError, local_storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    (tmp_path / "shared").mkdir()
    return local_storage(tmp_path / "shared")


def values_in_study(path: Path) -> int:
    with closing(sqlite3.connect(path)) as study:
        assert study.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count: int = study.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()[0]
        return count


def test_a_copy_taken_in_mid_write_would_not_be_a_record(tmp_path: Path, storage: Storage) -> None:
    simulation = Simulation(small_space(), tmp_path / "run", slots=3)
    copies = RecordCopies(RunFolder(tmp_path / "run"), storage)
    done, taken = threading.Event(), list[RunFolder]()

    def copy() -> None:
        while not done.is_set():
            copies.copy()
            taken.append(RunFolder(tmp_path / f"fetched-{len(taken)}"))
            taken[-1].path.mkdir()
            fetch_record(storage, taken[-1])

    copier = threading.Thread(target=copy)
    copier.start()
    simulation.run()
    done.set()
    copier.join()
    for folder in taken[:-1][:20] + taken[-1:]:
        events = read_lines(folder.journal)
        rows = sum(event["event"] == "epoch" for event in events)
        assert values_in_study(folder.study) <= rows
    assert taken
    copies.copy()
    assert copies.behind_s == 0
    assert storage.get("events.jsonl") == RunFolder(tmp_path / "run").journal.read_bytes()


def test_a_copied_study_would_be_ahead_of_its_journal(
    tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = Simulation(small_space(), tmp_path / "run")
    put = type(storage).put

    def slow(self: Storage, key: str, data: bytes) -> None:
        put(self, key, data)
        simulation.fill()
        simulation.step()

    monkeypatch.setattr(type(storage), "put", slow)
    RecordCopies(RunFolder(tmp_path / "run"), storage).copy()
    fetched = RunFolder(tmp_path / "fetched")
    fetched.path.mkdir()
    assert fetch_record(storage, fetched)
    rows = sum(event["event"] == "epoch" for event in read_lines(fetched.journal))
    assert values_in_study(fetched.study) < rows


def timeless(trial: TrialView) -> TrialView:
    """A trial without what a further attempt, and that at another time, makes of it."""
    decisions = tuple(replace(each, time=0.0) for each in trial.decisions)
    return replace(trial, attempts=1, decisions=decisions)


def test_a_search_would_not_go_on_from_a_copy_as_from_its_record(
    tmp_path: Path, storage: Storage
) -> None:
    undisturbed = Simulation(small_space(), tmp_path / "undisturbed").run()
    simulation = Simulation(small_space(), tmp_path / "run")
    for _ in range(20):
        simulation.fill()
        simulation.step()
    RecordCopies(RunFolder(tmp_path / "run"), storage).copy()
    folder = RunFolder(tmp_path / "elsewhere" / "undisturbed")
    folder.path.mkdir(parents=True)
    assert fetch_record(storage, folder)
    resumed = Simulation(small_space(), folder.path).run()
    assert list(map(timeless, resumed.trials)) == list(map(timeless, undisturbed.trials))


def test_a_torn_last_line_would_be_copied(tmp_path: Path, storage: Storage) -> None:
    folder = RunFolder(tmp_path / "run")
    Simulation(small_space(), folder.path).fill()
    whole = folder.journal.read_bytes()
    folder.journal.write_bytes(whole + b"57 0123abcd {")
    RecordCopies(folder, storage).copy()
    assert storage.get("events.jsonl") == whole


@pytest.mark.parametrize("nth", range(4))
def test_a_fetch_that_was_cut_short_would_leave_a_record_that_is_refused(
    tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """By a kill before any of its four files: what is here then goes on, or is fetched again."""
    space, there = small_space(), RunFolder(tmp_path / "run")
    simulation, here = Simulation(space, there.path), RunFolder(tmp_path / "here")
    dump_space(space, there.space)
    simulation.fill()
    simulation.step()
    RecordCopies(there, storage).copy()
    here.path.mkdir()
    fetch_record(storage, here)
    before, replace_now = here.journal.read_bytes(), record_sync.replace_file
    simulation.run()
    RecordCopies(there, storage).copy()
    writes = itertools.count()

    def killed(path: Path, write: Callable[[Path], object]) -> None:
        if next(writes) == nth:
            raise KeyboardInterrupt
        replace_now(path, write)

    monkeypatch.setattr(record_sync, "replace_file", killed)
    with pytest.raises(KeyboardInterrupt) if nth < 3 else nullcontext():
        fetch_record(storage, here)
    monkeypatch.undo()
    past = read_past(here)
    check_record(here, past.history, local_storage(here.path))
    assert here.journal.read_bytes() == (before if nth == 0 else there.journal.read_bytes())


def test_a_damaged_study_would_stop_the_resume(tmp_path: Path, storage: Storage) -> None:
    simulation = Simulation(small_space(), tmp_path / "run")
    engine = simulation.run()
    RecordCopies(RunFolder(tmp_path / "run"), storage).copy()
    storage.put("study.db", (storage.get("study.db") or b"")[:-5000])
    folder = RunFolder(tmp_path / "fetched")
    folder.path.mkdir()
    assert fetch_record(storage, folder)
    assert Simulation(small_space(), folder.path).run().trials == engine.trials


def test_an_older_copy_would_replace_a_newer_record(tmp_path: Path, storage: Storage) -> None:
    folder = RunFolder(tmp_path / "run")
    simulation = Simulation(small_space(), folder.path)
    simulation.fill()
    RecordCopies(folder, storage).copy()
    older = folder.journal.read_bytes()
    simulation.step()
    newer = folder.journal.read_bytes()
    assert not fetch_record(storage, folder)
    assert folder.journal.read_bytes() == newer
    RecordCopies(folder, storage).copy()
    folder.journal.write_bytes(older)
    assert fetch_record(storage, folder)
    assert folder.journal.read_bytes() == newer


def test_two_records_of_one_run_would_be_mixed(tmp_path: Path, storage: Storage) -> None:
    folder = RunFolder(tmp_path / "run")
    simulation = Simulation(small_space(), folder.path)
    simulation.fill()
    RecordCopies(folder, storage).copy()
    elsewhere = RunFolder(tmp_path / "elsewhere")
    elsewhere.path.mkdir()
    fetch_record(storage, elsewhere)
    Simulation(small_space(), elsewhere.path).run()
    RecordCopies(elsewhere, storage).copy()
    simulation.step()
    mine = folder.journal.read_bytes()
    with pytest.raises(TunerError, match="have gone on in different ways"):
        fetch_record(storage, folder)
    assert folder.journal.read_bytes() == mine


def test_a_copy_that_fails_would_count_as_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path / "run")
    Simulation(small_space(), folder.path).fill()
    gone = local_storage(tmp_path / "gone")
    copies = RecordCopies(folder, gone)
    with pytest.raises(StorageError, match="is it mounted"):
        copies.copy()
    assert copies.current is None
    assert copies.behind_s > 0
    (tmp_path / "gone").mkdir()
    copies.copy()
    assert copies.behind_s == 0
