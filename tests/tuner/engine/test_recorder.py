"""The journal's line is on disk before anything follows from it."""

import errno
from pathlib import Path

import pytest

from tests.tuner.simulated import Simulation, row, small_space
from tuner.engine.attempt import Attempt, Report
from tuner.record.events import Event
from tuner.record.history import History
from tuner.record.journal import Journal, read_journal
from tuner.study.study_file import told


def test_a_line_would_be_written_after_what_follows_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill right after each line would show it."""
    simulation = Simulation(small_space(), tmp_path)
    engine = simulation.engine
    seen, append = [], Journal.append

    def watched(journal: Journal, event: Event) -> None:
        known = sum(trial.epochs for trial in engine.trials)
        append(journal, event)
        epochs = [each for each in read_journal(tmp_path / "events.jsonl") if each.kind == "epoch"]
        values = (told(tmp_path / "study.db") or [[]] * 4)[3]
        seen.append((event.kind, known, len(values), len(epochs)))

    monkeypatch.setattr(Journal, "append", watched)
    simulation.fill()
    simulation.step()
    simulation.step()
    assert [each for each in seen if each[0] == "epoch"] == [("epoch", 0, 0, 1), ("epoch", 1, 1, 2)]


def test_an_event_would_be_written_after_one_that_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = Simulation(small_space(), tmp_path, slots=2)
    simulation.fill()
    report = Report(outcome="epoch", row=row({}, 1, lambda *_: 0.5))

    def full(_journal: Journal, _event: Event) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        simulation.engine.report("attempt-1", report)
    recorded = read_journal(tmp_path / "events.jsonl")
    simulation.engine.report("attempt-2", report)
    assert read_journal(tmp_path / "events.jsonl") == recorded


def test_another_attempt_at_a_trial_would_have_another_seed(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    simulation.fill()
    (first,) = simulation.running.values()
    simulation.let_go("attempt-1")
    simulation.fill()
    (second,) = simulation.running.values()
    assert isinstance(second, Attempt)
    assert (second.number, second.attempt) == (first.number, first.attempt + 1)
    assert second.seed == first.seed


def test_a_trial_whose_best_detector_found_no_room_would_not_be_named(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path, slots=2)
    simulation.fill()
    for attempt_id, epoch, lacks in [
        ("attempt-1", 1, True),
        ("attempt-2", 1, True),
        ("attempt-1", 2, False),
    ]:
        report = Report(outcome="epoch", row=row({}, epoch, lambda *_: 0.5), lacks_best=lacks)
        simulation.engine.report(attempt_id, report)
    simulation.engine.close()
    read = History(read_journal(tmp_path / "events.jsonl")).by_number
    for trials in (simulation.engine.trials, read):
        assert [trial.number for trial in trials if trial.lacks_best] == [1]
