"""The budget of devices: counted as the report counts, kept, and told apart from the end."""

from pathlib import Path
from typing import Any

import pytest

from tests.tuner.simulated import Simulation, row, small_space
from tests.tuner.test_simulation import FORMULA
from tuner.engine.attempt import Report
from tuner.engine.budget import DeviceBudget
from tuner.engine.engine import NoAttempt
from tuner.errors import SpaceError
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.pack_names import pack_name
from tuner.record.trials import EpochRow, TrialView
from tuner.replay.comparison import replay
from tuner.results.device_time import device_seconds
from tuner.simulation.search import simulate
from tuner.space import Space, dump_space, load_space


def limited(hours: float | None = None, **changes: Any) -> Space:
    budget = {} if hours is None else {"budget": {"device_hours": hours}}
    return small_space(**{"trials": 30, **budget, **changes})


def rows(worker: str, *seconds: float) -> tuple[EpochRow, ...]:
    return tuple(
        EpochRow(epoch=number, metrics={}, losses={}, seconds=each, worker=worker)
        for number, each in enumerate(seconds, start=1)
    )


def test_lanes_that_train_together_would_be_counted_as_often_as_they_are() -> None:
    pack = pack_name("process 3", 2)
    trials = [
        TrialView(number=0, rows=rows(pack, 4.0, 5.0)),
        TrialView(number=1, rows=rows(pack, 4.0, 5.0)),
        TrialView(number=2, rows=rows("process 7", 4.0, 5.0)),
    ]
    counted = DeviceBudget(limited(), [row for trial in trials for row in trial.rows])
    assert counted.used_s == pytest.approx(sum(device_seconds(trials).values())) == 18.0


def test_a_trial_would_begin_that_cannot_come_to_its_first_rung() -> None:
    space = limited(hours=100 / 3600, scheduler={"grace_epochs": 3}, epochs=9)
    budget = DeviceBudget(space, rows("a", *[10.0] * 4))
    assert budget.allows(0, [])  # 40 of 100 used, 30 to the rung
    at_work = TrialView(number=1, rows=rows("a", 10.0))  # and 20 that it still needs
    assert budget.allows(0, [at_work])
    assert not budget.allows(0, [at_work, at_work])
    assert budget.allows(3, [])  # six epochs to the end: 60, and 40 are used
    assert not budget.allows(2, [at_work, at_work, at_work])
    budget.take(EpochRow(epoch=5, metrics={}, losses={}, seconds=60.0, worker="b"))
    assert budget.is_used_up


def test_a_search_would_spend_more_than_its_budget_or_nothing(tmp_path: Path) -> None:
    unlimited = simulate(limited(), tmp_path / "whole", FORMULA, workers=4)
    whole = sum(device_seconds(unlimited).values())
    hours = whole / 2 / 3600
    trials = simulate(limited(hours), tmp_path / "half", FORMULA, workers=4)
    assert 0.3 * whole < sum(device_seconds(trials).values()) <= 0.51 * whole
    assert any(trial.state == "complete" for trial in trials)
    assert len(trials) < 30 or any(not trial.ended for trial in trials)
    assert replay(tmp_path / "half" / "events.jsonl").difference is None


def test_a_search_would_not_go_on_with_more_money(tmp_path: Path) -> None:
    price = {"price_per_device_hour": 3.6}
    first = simulate(limited(budget={**price, "money": 0.2}), tmp_path / "run", FORMULA, workers=2)
    again = simulate(limited(budget={**price, "money": 0.4}), tmp_path / "run", FORMULA, workers=2)
    assert sum(device_seconds(first).values()) <= 200
    assert 200 < sum(device_seconds(again).values()) <= 400
    history = History(read_journal(tmp_path / "run" / "events.jsonl"))
    assert history.space["budget"]["money"] == 0.4


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"money": 3}, "budget.money: takes a price"),
        ({"device_hours": 0}, "budget.device_hours: must be above 0, got 0"),
        ({"device_hours": "two"}, "budget.device_hours: must be a number, got 'two'"),
        ({"time": "soon"}, "budget.time: must be a time above 0"),
        ({"hours": 2}, "budget.hours: unknown key 'hours'; allowed: time, device_hours"),
        (5, "budget: must be a section of keys"),
    ],
)
def test_a_budget_that_is_none_would_be_taken(budget: object, said: str) -> None:
    with pytest.raises(SpaceError) as caught:
        limited(budget=budget)
    assert said in str(caught.value)


def test_a_wrong_price_would_be_called_a_missing_one_too() -> None:
    with pytest.raises(SpaceError) as caught:
        limited(budget={"money": 3, "price_per_device_hour": 0})
    assert str(caught.value).count("price_per_device_hour") == 1


@pytest.mark.parametrize("time", ["14d", "1.234567h", 4444.4412, 12_345_678])
def test_a_time_would_not_come_back_from_its_record_as_it_was(time: object, tmp_path: Path) -> None:
    space = limited(budget={"time": time})
    dump_space(space, tmp_path / "space.yaml")
    assert load_space(tmp_path / "space.yaml").budget.time == space.budget.time
    assert Space.model_validate(space.model_dump(mode="json")) == space


def test_trials_that_were_under_way_would_go_on_beyond_the_budget(tmp_path: Path) -> None:
    first = simulate(limited(36 / 3600), tmp_path / "run", FORMULA, workers=16)
    again = simulate(limited(72 / 3600), tmp_path / "run", FORMULA, workers=16)
    epochs = [sum(trial.epochs for trial in trials) for trials in (first, again)]
    assert epochs[1] - epochs[0] <= 4  # of ten seconds each, where 32 are left at most


def test_a_trial_that_a_driver_left_would_begin_again_without_the_means(tmp_path: Path) -> None:
    """Four seconds of five are used up, and to its next rung a trial takes two."""
    space = limited(hours=5 / 3600)
    first = Simulation(space, tmp_path, slots=4)
    first.fill()
    for attempt_id in list(first.running):
        report = Report(outcome="epoch", row=row(first.running[attempt_id].hyperparameters, 1))
        first.engine.report(attempt_id, report)
    first.engine.close()
    assert Simulation(space, tmp_path, slots=4).engine.next_attempt("a") is NoAttempt.FINISHED
    more = limited(hours=500 / 3600)
    assert not isinstance(Simulation(more, tmp_path).engine.next_attempt("a"), NoAttempt)
