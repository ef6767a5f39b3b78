"""The nearest recorded configuration, and searches on the curves of others."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from models.hyperparameters import Value
from tests.tuner.simulated import small_space
from tests.tuner.test_simulation import FORMULA
from tuner.record.trials import EpochRow
from tuner.seeds import trial_seed
from tuner.simulation.curves import Formula, NoEpoch
from tuner.simulation.nearest import Nearest
from tuner.simulation.recorded import RecordedCurves
from tuner.simulation.search import simulate
from tuner.space.domains import Choice, Int, Log, Uniform

SEARCH = {
    "rate": Log(1e-4, 1e-2),
    "weight": Uniform(0, 5),
    "count": Int(1, 9),
    "loss": Choice(("l1", "mse")),
}
BASE: dict[str, Value] = {"rate": 1e-3, "weight": 1.0, "count": 5, "loss": "l1", "score": "error"}


@pytest.mark.parametrize(
    ("change", "distance"),
    [
        ({}, 0.0),
        ({"rate": 1e-2}, 0.5),
        ({"weight": 3.0}, 0.4),
        ({"count": 9}, 0.5),
        ({"loss": "mse"}, 1.0),
        ({"score": "mixture"}, 1.0),
        ({"rate": 1e-2, "weight": 3.0, "loss": "mse"}, math.sqrt(0.25 + 0.16 + 1)),
        ({"rate": 0.0}, 0.5),  # a published value without a logarithm: the lowest
        ({"weight": 7.5}, 1.3),  # a published value outside the range
    ],
)
def test_a_distance_would_not_be_that_of_the_unit_cube(
    change: Mapping[str, Value], distance: float
) -> None:
    found = Nearest(SEARCH, [BASE], [0]).of({**BASE, **change}, 5)
    assert found.distance == pytest.approx(distance)


def test_a_farther_one_would_be_taken_or_another_seeds_of_equals() -> None:
    far, near = {**BASE, "weight": 5.0}, {**BASE, "weight": 2.0}
    nearest = Nearest(SEARCH, [far, near, near, near], [3, 4, 5, 6])
    assert nearest.of(BASE, 3).nth == 1
    assert nearest.of(BASE, 5).nth == 2
    assert nearest.of({**BASE, "weight": 4.0}, 6).nth == 0


def test_what_a_configuration_lacks_would_count_as_different() -> None:
    """As one in which a hyperparameter is inactive; a value that no other has differs from all."""
    lacking = {name: value for name, value in BASE.items() if name != "loss"}
    assert Nearest(SEARCH, [lacking], [0]).of({**BASE, "loss": "mse"}, 0).distance == 0.0
    assert Nearest(SEARCH, [BASE], [0]).of(lacking, 0).distance == 0.0
    new = {**BASE, "loss": "ssim", "unheard": 3}
    assert Nearest(SEARCH, [BASE], [0]).of(new, 0).distance == 1.0


class Counted(str):
    """Counts how often a value is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, str(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def test_each_configuration_would_be_compared_with_each_other_value_by_value() -> None:
    """Of thousands of trials a what-if took minutes."""
    losses = ["l1", "mse"] * 150
    configurations = [
        {**BASE, "count": 1 + nth % 9, "loss": Counted(loss)} for nth, loss in enumerate(losses)
    ]
    nearest = Nearest(SEARCH, configurations, range(300))
    Counted.compared = 0
    found = [nearest.of(each, seed) for seed, each in enumerate(configurations)]
    assert [each.nth for each in found] == list(range(300))
    assert Counted.compared < 10 * 300


def test_a_search_on_recorded_curves_would_not_be_that_on_the_curves_themselves(
    tmp_path: Path,
) -> None:
    """A table holds what a search asks for: the same draws, with early stopping this time."""
    drawn = {"trials": 30, "sampler": {"name": "random", "seed": 3}}
    table = simulate(
        small_space(**drawn, scheduler={"name": "none"}), tmp_path / "t", FORMULA, workers=1
    )
    space = small_space(**drawn, scheduler={"type": "promote", "grace_epochs": 1})
    curves = RecordedCurves(space, table)
    on_table = simulate(space, tmp_path / "a", curves, workers=4)
    assert on_table == simulate(space, tmp_path / "b", FORMULA, workers=4)
    seeds = [trial_seed(3, trial.number) for trial in on_table]
    found = [
        curves.found(trial.hyperparameters, seed)
        for trial, seed in zip(on_table, seeds, strict=True)
    ]
    assert [(each.nth, each.distance) for each in found] == [(nth, 0.0) for nth in range(30)]


def test_a_configuration_between_would_take_another_curve_than_the_nearest(tmp_path: Path) -> None:
    space = small_space(trials=10, scheduler={"name": "none"})
    table = simulate(space, tmp_path, FORMULA, workers=1)
    curves = RecordedCurves(space, table)
    beside = {
        **table[7].hyperparameters,
        "abc_weight": table[7].hyperparameters["abc_weight"] * 1.01,
    }
    assert curves.source(beside, 1) is table[7]
    assert curves.epoch(beside, 1, 4) == table[7].rows[3]
    with pytest.raises(ValueError, match="trial 7 has 9 epochs, asked for epoch 10"):
        curves.epoch(beside, 1, 10)


class Ending(Formula):
    """Trials with many patches diverge after two epochs, those with few fail at once."""

    def epoch(  # type: ignore[override]
        self, hyperparameters: Mapping[str, Value], seed: int, epoch: int
    ) -> EpochRow | NoEpoch:
        if float(hyperparameters["patch_n"]) > 6 and epoch > 2:
            return NoEpoch(outcome="diverged", reason="collapsed: all scores equal")
        if float(hyperparameters["patch_n"]) < 3:
            return NoEpoch(outcome="error", reason="no such file")
        return super().epoch(hyperparameters, seed, epoch)


def test_what_diverged_or_failed_would_train_on_in_a_simulation(tmp_path: Path) -> None:
    space = small_space(trials=30, sampler={"name": "random"}, scheduler={"name": "none"})
    table = simulate(space, tmp_path / "a", Ending(best=FORMULA.best), workers=3)
    ends = {
        "few": {(t.state, t.epochs, t.reason) for t in table if t.hyperparameters["patch_n"] < 3},
        "many": {(t.state, t.epochs, t.reason) for t in table if t.hyperparameters["patch_n"] > 6},
    }
    assert ends["few"] == {("failed", 0, "error: no such file")}
    assert ends["many"] == {("pruned", 2, "collapsed: all scores equal")}
    again = simulate(space, tmp_path / "b", RecordedCurves(space, table), workers=3)
    assert [replace(each, decisions=()) for each in again] == [
        replace(each, decisions=()) for each in table
    ]
