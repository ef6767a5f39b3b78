"""The engine under a simulated backend: what is decided, recorded and gone on with."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, disk_trials, recorded_events, row, small_space
from tuner.engine.attempt import Report
from tuner.engine.engine import NoAttempt
from tuner.record.events import Event, decode
from tuner.record.history import History
from tuner.record.journal import Journal
from tuner.record.trials import SearchListener
from tuner.replay.comparison import replay


def essence(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without what a resume is free to change."""
    return {key: value for key, value in event.items() if key != "time"}


def decided(folder: Path) -> list[dict[str, Any]]:
    return [essence(event) for event in recorded_events(folder, "asked", "epoch", "ended")]


@pytest.mark.parametrize("type_", ["promote", "stop"])
def test_published_sets_would_not_be_tried_first_or_would_be_stopped(
    tmp_path: Path, type_: str
) -> None:
    """W2 is the worst of all here, and comes to its rungs after W1."""

    def curve(hyperparameters: Mapping[str, Value], epoch: int) -> float:
        return 0.1 if hyperparameters["abc_weight"] == 0.5 else 0.9

    space = small_space(scheduler={"type": type_}, fixed={"reconstruction_weight": 4.0})
    trials = Simulation(space, tmp_path, curve=curve).run().trials
    weights = [trial.hyperparameters["reconstruction_weight"] for trial in trials[:3]]
    assert weights == [1.0, 1.5, 4.0], "as published, whatever the space fixes"
    assert [trial.published for trial in trials[:3]] == ["W1", "W2", None]
    assert trials[1].rows[-1].metrics["auroc"] == 0.1
    assert all(trial.epochs == 9 and trial.state == "complete" for trial in trials[:2])


def test_the_same_warning_of_each_worker_would_be_said_or_another_would_not(
    tmp_path: Path,
) -> None:
    engine, said = Simulation(small_space(), tmp_path, slots=2).engine, []
    engine.listeners.say = said.append
    engine.next_attempt("a"), engine.next_attempt("b")
    for attempt_id, epoch, warning in [("a", 1, "slow"), ("b", 1, "slow"), ("a", 2, "full")]:
        made_up = replace(row({}, epoch, lambda *_: 0.5), worker=f"worker-{attempt_id}")
        report = Report(outcome="epoch", row=made_up, notice="no disk.", warning=warning)
        engine.report(attempt_id, report)
    notice = "Trial 0: no disk. Further ones are in the trials' logs."
    assert said == [notice, "worker-a: slow", "worker-a: full"]
    assert [e["text"] for e in recorded_events(tmp_path, "notice")] == ["no disk.", "slow", "full"]


def test_asha_would_stop_nothing_or_everything(tmp_path: Path) -> None:
    trials = Simulation(small_space(), tmp_path, slots=2).run().trials
    states = [trial.state for trial in trials[2:]]
    assert len(trials) == 12
    assert states.count("pruned") >= 3
    assert any(trial.epochs == 9 for trial in trials[2:])
    assert {trial.reason for trial in trials if trial.state == "pruned"} == {"asha"}


def test_optuna_would_learn_a_stopped_trial_as_complete(tmp_path: Path) -> None:
    trials = Simulation(small_space(), tmp_path, slots=2).run().trials
    for view, frozen in zip(trials, disk_trials(tmp_path), strict=True):
        assert frozen.state.name == view.state.upper()
        assert frozen.intermediate_values == {r.epoch: r.metrics["auroc"] for r in view.rows}
        assert frozen.value == view.rows[-1].metrics["best_auroc"]
        assert frozen.user_attrs.get("reason", "") == view.reason


def test_a_kill_at_any_event_would_change_what_one_worker_records(tmp_path: Path) -> None:
    """With one worker the resumed record is the undisturbed one, row for row."""
    space = small_space(trials=7)
    Simulation(space, tmp_path / "whole").run().close()
    whole = decided(tmp_path / "whole")
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    for kept in range(len(lines)):
        folder = tmp_path / f"killed-{kept}"
        folder.mkdir()
        (folder / "events.jsonl").write_bytes(b"".join(lines[:kept]))
        Simulation(space, folder).run().close()
        assert decided(folder) == whole, f"killed after event {kept}"
        shutil.rmtree(folder)


def test_a_recorded_order_would_not_give_the_same_suggestions_again(tmp_path: Path) -> None:
    """Three workers in a random order, then the same events on a fresh study."""
    Simulation(small_space(), tmp_path / "a", slots=3, order_seed=5).run().close()
    Simulation(small_space(), tmp_path / "b", slots=3, order_seed=5).run().close()
    Simulation(small_space(), tmp_path / "c", slots=3, order_seed=6).run().close()
    assert decided(tmp_path / "a") == decided(tmp_path / "b")
    assert decided(tmp_path / "a") != decided(tmp_path / "c")


def test_a_diverged_trial_would_be_scored_or_unseen_by_the_sampler(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    simulation.fill()
    simulation.step()
    decision = simulation.engine.report("attempt-1", Report(outcome="diverged"))
    simulation.let_go("attempt-1")
    trial = simulation.engine.trials[0]
    assert decision.action == "stop"
    assert (trial.state, trial.reason, trial.epochs) == ("pruned", "diverged", 1)
    assert disk_trials(tmp_path)[0].state.name == "PRUNED"


def test_a_stop_would_end_trials_instead_of_leaving_them_to_a_resume(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path, slots=2)
    simulation.fill()
    simulation.step()
    simulation.engine.interrupt()
    for attempt_id in list(simulation.running):
        simulation.let_go(attempt_id)
    assert simulation.engine.next_attempt("next") is NoAttempt.FINISHED
    assert [trial.state for trial in simulation.engine.trials] == ["running", "running"]


def test_a_time_budget_would_start_anew_with_each_driver(tmp_path: Path) -> None:
    first = Simulation(small_space(), tmp_path, time_budget_s=20)
    first.run()
    first.engine.close()
    assert first.engine.stopping
    spent = first.engine.seconds
    again = Simulation(small_space(), tmp_path, time_budget_s=spent + 10, clock=first.clock)
    again.clock.now += 10_000  # between two drivers no time counts
    reopened = again.open()
    assert not reopened.stopping
    assert reopened.seconds == pytest.approx(spent, abs=5)


def test_a_resume_would_run_without_the_time_budget_that_the_search_was_given(
    tmp_path: Path,
) -> None:
    first = Simulation(small_space(), tmp_path, time_budget_s=20)
    first.run()  # and is killed: nothing is closed
    again = Simulation(small_space(), tmp_path, clock=first.clock)
    assert again.engine.stopping
    more = Simulation(small_space(), tmp_path, time_budget_s=10_000, clock=first.clock)
    assert not more.engine.stopping, "the option overrides the record"
    more.run().close()
    budgets = [event["time_budget_s"] for event in recorded_events(tmp_path, "driver")]
    assert budgets == [20, 20, 10_000]
    assert replay(tmp_path / "events.jsonl").difference is None


def test_a_record_from_before_time_budgets_were_recorded_would_not_be_read() -> None:
    old = {"event": "driver", "time": 2.0, "resumed": False, "slots": 1, "space": {}}
    assert History([decode(old)]).time_budget_s is None
    assert History([decode(old | {"time_budget_s": 20})]).time_budget_s == 20


def test_a_record_from_when_a_search_chose_how_its_layers_are_computed_would_not_be_read() -> None:
    driver = {"event": "driver", "time": 1.0, "resumed": False, "slots": 1, "space": {}}
    old = {"event": "layers", "time": 3.0, "ways": {"Halving 80x64x16x16 to 128": "product"}}
    history = History([decode(driver | {"time_budget_s": 20}), decode(old)])
    assert (history.time_budget_s, history.seconds, history.trials) == (20, 2.0, {})


class Recorder(SearchListener):
    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def trial_started(self, trial: Any, attempt: int) -> None:
        self.seen.append(("started", trial.number))

    def epoch_reported(self, trial: Any, row: Any, decision: Any) -> None:
        assert trial.rows[-1] == row
        self.seen.append(("epoch", trial.number))

    def trial_ended(self, trial: Any) -> None:
        assert trial.state != "running"
        self.seen.append(("ended", trial.number))


def test_a_listener_would_hear_an_event_twice_or_never(tmp_path: Path) -> None:
    recorder = Recorder()
    Simulation(small_space(), tmp_path, slots=2, listeners=(recorder,)).run().close()
    kinds = {"attempt": "started", "epoch": "epoch", "ended": "ended"}
    journal = [(kinds[e["event"]], e["trial"]) for e in recorded_events(tmp_path, *kinds)]
    assert recorder.seen == journal


def test_a_published_value_outside_the_space_would_be_bent_into_it(tmp_path: Path) -> None:
    space = small_space(search={"anomaly_adversarial_weight": {"log": [0.01, 2]}})
    trials = Simulation(space, tmp_path, curve=lambda _, epoch: 0.1 * epoch).run().trials
    assert trials[1].hyperparameters["anomaly_adversarial_weight"] == 16.0
    assert all(
        0.01 <= float(t.hyperparameters["anomaly_adversarial_weight"]) <= 2 for t in trials[2:]
    )


def test_rows_would_not_reach_the_scheduler_in_the_objective_named(tmp_path: Path) -> None:
    simulation = Simulation(small_space(objective="auprc"), tmp_path)
    simulation.fill()
    changed = row(simulation.running["attempt-1"].hyperparameters, 1)
    metrics = {**changed.metrics, "auprc": 0.123}
    report = Report(outcome="epoch", row=type(changed)(**{**vars(changed), "metrics": metrics}))
    simulation.engine.report("attempt-1", report)
    assert disk_trials(tmp_path)[0].intermediate_values == {1: 0.123}


def test_epochs_trained_again_would_lower_a_recorded_best(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    simulation.fill()
    values = simulation.running["attempt-1"].hyperparameters
    for epoch, value in ((1, 0.9), (2, 0.8)):
        of_this_worker = row(values, epoch, lambda _values, _epoch, value=value: value)
        simulation.engine.report("attempt-1", Report(outcome="epoch", row=of_this_worker))
    recorded = simulation.engine.trials[0].rows
    assert [each.metrics["best_auroc"] for each in recorded] == [0.9, 0.9]
    assert [each.metrics["auroc"] for each in recorded] == [0.9, 0.8]


def test_a_full_disk_would_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Recorder()
    seen = listener.seen
    simulation = Simulation(small_space(), tmp_path, listeners=(listener,))
    simulation.fill()
    simulation.step()
    assert seen

    def full(self: Journal, event: Event) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        seen.clear()
        history, study = simulation.engine.trials, disk_trials(tmp_path)
        simulation.step()
        assert not seen, "a listener is told of what is not recorded"
        assert simulation.engine.trials == history
        assert disk_trials(tmp_path) == study
        simulation.fill()
        simulation.engine.close()
    assert "No space left" in (simulation.engine.failure or "")
    assert simulation.engine.stopping
    again = Simulation(small_space(), tmp_path)
    again.run()
    assert again.engine.finished


class ClosedPipe(Recorder):
    """rich leaves a program so whose output nobody reads any more."""

    def epoch_reported(self, trial: Any, row: Any, decision: Any) -> None:
        raise SystemExit(1)


def test_a_console_that_fails_would_end_the_search(tmp_path: Path) -> None:
    recorder = Recorder()
    Simulation(small_space(), tmp_path, listeners=(ClosedPipe(), recorder)).run().close()
    assert len(recorded_events(tmp_path, "listener_failed")) == 1
    assert len([kind for kind, _ in recorder.seen if kind == "epoch"]) == len(
        recorded_events(tmp_path, "epoch")
    )


def test_a_number_that_is_none_would_end_the_search(tmp_path: Path) -> None:
    """The journal is JSON, which has no word for it: the trial ends, or does without the number."""
    engine = Simulation(small_space(), tmp_path).engine
    engine.next_attempt("a")
    worker = row({}, 1, lambda *_: 0.5)
    strange = replace(worker, metrics={**worker.metrics, "eag": math.nan}, losses={"abc": math.inf})
    assert engine.report("a", Report(outcome="epoch", row=strange)).action == "continue"
    (kept,) = engine.trials[0].rows
    assert kept == replace(worker, losses={})
    nan = row({}, 2, lambda *_: math.nan)
    decision = engine.report("a", Report(outcome="epoch", row=nan))
    assert decision.reason == "diverged: its best_auroc is not finite"
    assert (engine.trials[0].state, engine.trials[0].epochs) == ("pruned", 1)
    assert engine.failure is None


def test_a_listener_that_failed_would_be_dropped_without_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    simulation = Simulation(small_space(), tmp_path, listeners=(ClosedPipe(),))
    simulation.engine.listeners.say = said.append
    simulation.run()
    (line,) = said
    assert line.startswith("ClosedPipe failed and hears no more of the search, which goes on: ")
