"""Paused trials under the engine: who goes on when, what is recorded, and what a kill changes."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import optuna
import pytest

from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, disk_trials, recorded_events, small_space
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import NoAttempt
from tuner.record.trials import SearchListener, TrialView
from tuner.replay.comparison import replay
from tuner.space import Space
from tuner.space.sections import Scheduler


def promoting(**changes: Any) -> Space:
    return small_space(**{"scheduler": {"type": "promote"}, "trials": 20, **changes})


def essence(folder: Path) -> list[dict[str, Any]]:
    kinds = ("asked", "epoch", "paused", "promoted", "ended")
    return [{k: v for k, v in e.items() if k != "time"} for e in recorded_events(folder, *kinds)]


class Heard(SearchListener):
    def __init__(self) -> None:
        self.paused: list[TrialView] = []

    def trial_paused(self, trial: TrialView) -> None:
        self.paused.append(trial)


def test_a_search_would_pause_nothing_or_promote_nobody(tmp_path: Path) -> None:
    heard = Heard()
    engine = Simulation(promoting(trials=40), tmp_path, slots=2, listeners=(heard,)).run()
    assert [trial.epochs for trial in engine.trials[:2]] == [9, 9], "published sets"
    assert len(recorded_events(tmp_path, "paused")) == len(heard.paused) >= 10
    assert {trial.state for trial in heard.paused} == {"paused"}
    promoted = recorded_events(tmp_path, "promoted")
    assert len(promoted) >= 3
    for event in promoted:
        assert event["rank"] <= event["of"] // 3
    assert engine.finished
    ended = {trial.number: trial for trial in engine.trials}
    last_paused = {event["trial"] for event in recorded_events(tmp_path, "paused")} - {
        number for number, trial in ended.items() if trial.state == "complete"
    }
    assert {(ended[n].state, ended[n].reason) for n in last_paused} == {("pruned", "asha")}


def test_a_new_trial_would_begin_while_a_better_one_waits(tmp_path: Path) -> None:
    space = promoting()
    Simulation(space, tmp_path, slots=3, order_seed=4).run()
    scheduler, paused = make_scheduler(space), set[int]()
    for event in recorded_events(tmp_path, "epoch", "paused", "promoted", "asked"):
        promotion = scheduler.promotion(paused)
        match event["event"]:
            case "epoch":
                scheduler.decide(event["trial"], event["epoch"], event["metrics"]["best_auroc"])
            case "paused":
                paused.add(event["trial"])
            case "promoted":
                assert promotion is not None
                assert event["trial"] == promotion.number
                paused.remove(event["trial"])
            case "asked":
                assert promotion is None


def test_optuna_would_learn_of_a_paused_trial_too_soon_or_not_at_all(tmp_path: Path) -> None:
    simulation = Simulation(promoting(), tmp_path)
    while not recorded_events(tmp_path, "paused"):
        simulation.fill()
        simulation.step()
    (number,) = (event["trial"] for event in recorded_events(tmp_path, "paused"))
    assert disk_trials(tmp_path)[number].state.name == "RUNNING"
    views = simulation.run().trials
    for view, frozen in zip(views, disk_trials(tmp_path), strict=True):
        assert frozen.state.name == view.state.upper()
        assert frozen.intermediate_values == {r.epoch: r.metrics["auroc"] for r in view.rows}


def test_the_sampler_would_learn_nothing_from_those_that_wait(tmp_path: Path) -> None:
    """All trials but the published are paused after an epoch: tpe must know their values."""
    simulation = Simulation(promoting(trials=14), tmp_path)
    simulation.run()
    study = simulation.engine._recorder.study._up_to_date()
    seen = study._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.PRUNED,))
    assert len(seen) >= 8
    simulation = Simulation(promoting(trials=30), tmp_path / "more")
    while len(simulation.engine.trials) < 14:
        simulation.fill()
        simulation.step()
    study = simulation.engine._recorder.study._up_to_date()
    states = (optuna.trial.TrialState.PRUNED,)
    seen = study._study.get_trials(deepcopy=False, states=states)
    waiting = set(simulation.engine.history.paused)
    assert waiting and {trial.number for trial in seen} == waiting


@pytest.mark.parametrize("slots", [1, 3])
def test_a_kill_at_any_event_would_change_what_is_recorded(tmp_path: Path, slots: int) -> None:
    """With one worker the resumed record is the undisturbed one; with more it replays."""
    space = promoting(trials=9)
    Simulation(space, tmp_path / "whole", slots=slots).run().close()
    whole = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    for count in range(1, len(whole) - 1, 3):
        folder = tmp_path / str(count)
        folder.mkdir()
        (folder / "events.jsonl").write_bytes(b"".join(whole[:count]) + whole[count][:9])
        engine = Simulation(space, folder, slots=slots).run()
        engine.close()
        assert engine.finished
        assert replay(folder / "events.jsonl").difference is None
        if slots == 1:
            assert essence(folder) == essence(tmp_path / "whole"), count


def test_a_replay_would_pass_another_promotion(tmp_path: Path) -> None:
    from tests.tuner.test_replay import rewritten

    Simulation(promoting(), tmp_path, slots=2).run().close()
    record = tmp_path / "events.jsonl"
    found = replay(record)
    assert found.difference is None
    assert found.counts["promotion"] == len(recorded_events(tmp_path, "promoted"))
    assert "promotion" in " ".join(found.lines())
    rewritten(record, "promoted", 1, lambda event: event.update(rank=event["rank"] + 1))
    difference = replay(record).difference
    assert difference is not None and "promotion" in difference.what


def test_a_paused_trial_would_be_lost_with_the_worker_it_no_longer_has(tmp_path: Path) -> None:
    """Tune lets go of a paused trial's attempt late: by then it may train again elsewhere."""
    simulation = Simulation(promoting(), tmp_path)
    while not (waiting := simulation.engine.history.paused):
        simulation.fill()
        simulation.step()
    assert simulation.engine.history.trials[waiting[0]].interruptions == ()
    simulation.run()
    assert not recorded_events(tmp_path, "lost")


def test_an_interrupted_search_would_end_those_that_wait(tmp_path: Path) -> None:
    simulation = Simulation(promoting(), tmp_path)
    while not simulation.engine.history.paused:
        simulation.fill()
        simulation.step()
    simulation.engine.interrupt()
    for attempt_id in list(simulation.running):
        simulation.let_go(attempt_id)
    assert simulation.engine.next_attempt("next") is NoAttempt.FINISHED
    simulation.engine.close()
    assert not simulation.engine.finished
    assert Simulation(promoting(), tmp_path).engine.history.paused


@pytest.mark.parametrize("slots", [1, 3])
def test_a_search_of_few_trials_would_train_none_to_its_end(tmp_path: Path, slots: int) -> None:
    """Of six trials too few reach a rung together for anybody to be promoted from it."""
    space = promoting(trials=6, detector="ognet", search={"generator_lr": {"log": [5e-5, 2e-3]}})
    space = space.model_copy(update={"scheduler": Scheduler(type="promote", grace_epochs=2)})
    engine = Simulation(space, tmp_path, slots=slots, curve=_falling).run()
    engine.close()
    complete = [trial for trial in engine.trials if trial.state == "complete"]
    assert len(complete) == 1
    assert engine.finished
    assert replay(tmp_path / "events.jsonl").difference is None


def _falling(hyperparameters: Any, epoch: int) -> float:
    """A value that is the lower the later: no newer trial is ever among the best third."""
    _falling.calls += 1  # type: ignore[attr-defined]
    return 1 / (10 + _falling.calls)  # type: ignore[attr-defined]


_falling.calls = 0  # type: ignore[attr-defined]


def test_more_trials_would_meet_rungs_without_those_that_ended_or_promote_these(
    tmp_path: Path,
) -> None:
    """A third of all that reached a rung goes on from it, whichever driver brought them there."""
    few, more = (promoting(trials=n, sampler={"name": "random"}) for n in (12, 60))
    first = Simulation(few, tmp_path, slots=2, curve=_by_chance).run()
    first.close()
    before = len(recorded_events(tmp_path, "promoted"))
    left = {trial.number: trial for trial in first.trials if trial.state == "pruned"}
    engine = Simulation(more, tmp_path, slots=2, curve=_by_chance).run()
    engine.close()
    values: dict[int, dict[int, float]] = {1: {}, 3: {}}
    for event in recorded_events(tmp_path, "epoch", "promoted"):
        if event["event"] == "promoted":
            rung = values[event["rung"]]
            better = sum(value > rung[event["trial"]] for value in rung.values())
            assert (event["of"], event["rank"]) == (len(rung), better + 1)
        elif event["epoch"] in values:
            values[event["epoch"]][event["trial"]] = event["metrics"]["best_auroc"]
    assert len(recorded_events(tmp_path, "promoted")) > before
    assert left and all(engine.trials[number] == trial for number, trial in left.items())
    assert {view.state for view in engine.trials} == {"complete", "pruned"}
    states = [frozen.state.name for frozen in disk_trials(tmp_path)]
    assert states == [view.state.upper() for view in engine.trials]
    assert replay(tmp_path / "events.jsonl").difference is None


def _by_chance(hyperparameters: Mapping[str, Value], epoch: int) -> float:
    return Random(str(sorted(hyperparameters.items()))).random() + 0.01 * epoch


def test_a_replay_would_take_an_early_end_of_a_paused_trial_for_the_searchs(tmp_path: Path) -> None:
    """Or a search for finished in which trials still wait."""
    from tests.tuner.test_replay import rewritten

    Simulation(promoting(), tmp_path).run().close()
    record = tmp_path / "events.jsonl"
    early = 1
    rewritten(
        record, "paused", early, lambda e: e.update(event="ended", state="pruned", reason="asha")
    )
    assert replay(record).difference is not None
    Simulation(promoting(), tmp_path / "c").run().close()
    more = tmp_path / "c" / "events.jsonl"
    rewritten(more, "driver", 0, lambda e: e.update(space={**e["space"], "trials": 21}))
    assert "whether all have begun" in str(replay(more).difference)
    Simulation(promoting(), tmp_path / "b").engine.close()
    open_record = tmp_path / "b" / "events.jsonl"
    rewritten(open_record, "closed", 0, lambda e: e.update(finished=True))
    difference = replay(open_record).difference
    assert difference is not None and str(difference).startswith("the search: finished")


def test_a_used_up_time_budget_would_leave_some_paused_for_a_resume_with_nothing_to_train(
    tmp_path: Path,
) -> None:
    space = promoting()
    Simulation(space, tmp_path / "whole", time_budget_s=1e6).run()
    ends = [e for e in recorded_events(tmp_path / "whole", "ended") if e["reason"] == "asha"]
    (driver,) = recorded_events(tmp_path / "whole", "driver")
    budget_s = ends[0]["time"] - driver["time"] + 2
    assert ends[-1]["time"] - driver["time"] > budget_s
    engine = Simulation(space, tmp_path / "cut", time_budget_s=budget_s).run()
    assert engine.out_of_time
    assert engine.finished
