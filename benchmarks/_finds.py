"""What a search on a table of curves has found by when."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from statistics import median

from _curves import Table, read_table

from models.hyperparameters import Value
from tuner.simulation.recorded import RecordedCurves
from tuner.study.distributions import distribution

METRIC = "auroc"
ALL, NEAR = "all", "near"
"""Every configuration, and those alone that lie as near to a row as half of random ones do."""
Step = tuple[int, float, float]
"""The trial-epochs and the virtual time by then, and a better value than before."""
_DRAWS = 1000


class Finds:
    """The better values of a search on a table, until it has found `enough` of either kind.

    Values of another stage than the last are of another score, and find nothing.
    """

    def __init__(self, table: Table, enough: float) -> None:
        self.steps: dict[str, list[Step]] = {ALL: [], NEAR: []}
        self.epochs, self.seconds = 0, 0.0
        self._table, self._enough = table.name, enough
        self._stage = table.last_stage
        self._curves = RecordedCurves(table.space, table.trials)

    def take(
        self, time: float, stage: str, value: float, hyperparameters: Mapping[str, Value]
    ) -> bool:
        """Take in an epoch of a trial, whose best value this is; whether enough is found."""
        self.epochs += 1
        self.seconds = time
        if stage == self._stage:
            for kind, steps in self.steps.items():
                if steps and value <= steps[-1][2]:
                    continue
                if kind == ALL or self._is_near(hyperparameters):
                    steps.append((self.epochs, time, value))
        return all(steps and steps[-1][2] >= self._enough for steps in self.steps.values())

    def _is_near(self, hyperparameters: Mapping[str, Value]) -> bool:
        away = self._curves.found(hyperparameters, seed=0).distance
        return away <= median_distance(self._table)


@cache
def median_distance(name: str) -> float:
    """How far configurations drawn at random lie from the nearest row of a table, the median."""
    import optuna

    table = read_table(name)
    curves = RecordedCurves(table.space, table.trials)
    domains = {name: distribution(domain) for name, domain in table.space.search.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    common = table.about["hyperparameters"]
    drawn = ({**common, **study.ask(domains).params} for _ in range(_DRAWS))
    return median(curves.found(each, seed=0).distance for each in drawn)
