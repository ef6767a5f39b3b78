"""How much each searched hyperparameter matters, by Optuna's fANOVA, and how sure that is.

Trials that were stopped early are compared with the others at one epoch that most have reached:
their last values would say how long they were trained, not how good they are.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from models.hyperparameters import Value
from tuner.objectives import metric_of
from tuner.record.trials import TrialView, of_stage
from tuner.space import Space
from tuner.space.conditions import always_active
from tuner.space.domains import Choice, Domain, Uniform

LEAST = 10
"""Fewer trials than that tell nothing of importance."""
CHANCE = "(chance)"
"""A hyperparameter of random numbers, which nothing depends on: what it gets, chance gives."""
_RESAMPLES, _AT_ONCE = 10, 200


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Trials with their objective as it stood at `epoch`, which all of them have reached."""

    epoch: int = 0
    trials: Sequence[tuple[TrialView, float]] = ()


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Shares of the variance: the mean over resampled trials, and the standard deviation.

    `chance` is what numbers without effect had: their mean and one standard deviation.
    """

    mean: Mapping[str, float] = field(default_factory=dict)
    std: Mapping[str, float] = field(default_factory=dict)
    chance: float = 0.0

    @property
    def telling(self) -> list[str]:
        """Those that are told from chance, the most important first."""
        clear = [name for name, mean in self.mean.items() if mean - self.std[name] > self.chance]
        return sorted(clear, key=lambda name: -self.mean[name])


def compared(space: Space, trials: Sequence[TrialView]) -> Compared:
    """Compare the trials at the last epoch that half of them, and two at least, have reached."""
    lengths = sorted((trial.epochs for trial in trials), reverse=True)
    if len(lengths) < 2:
        return Compared()
    epoch = lengths[max(1, (len(lengths) - 1) // 2)]
    values = ((trial, _value_at(trial, epoch, space.objective)) for trial in trials)
    return Compared(epoch=epoch, trials=[(trial, v) for trial, v in values if v is not None])


def _value_at(trial: TrialView, epoch: int, objective: str) -> float | None:
    rows = trial.rows[:epoch]
    if len(rows) < epoch or not rows:
        return None
    metric = metric_of(objective)
    values = [row.metrics.get(metric, math.nan) for row in of_stage(rows, rows[-1].stage)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    return max(finite) if objective != metric else finite[-1]


def importance(domains: Mapping[str, Domain], found: Compared) -> Importance | None:
    """Importances over resampled trials; None with too few trials, or where all came out alike.

    fANOVA takes what all trials have: hyperparameters with a condition get none.
    """
    always = always_active(domains)
    searched = {n: each for n, each in domains.items() if n in always and not _single(each)}
    trials = [(t, v) for t, v in found.trials if searched.keys() <= t.hyperparameters.keys()]
    if len(trials) < LEAST or not searched or len({value for _, value in trials}) == 1:
        return None
    from tuner.study.importance import importances  # noqa: PLC0415 - Optuna and scikit-learn

    random = Random(0)
    shares: list[Mapping[str, float]] = []
    for seed in range(_RESAMPLES):
        rows = random.choices(range(len(trials)), k=min(len(trials), _AT_ONCE))
        chance = [random.random() for _ in trials]
        settings: list[Mapping[str, Value]] = [
            {
                **{name: trials[row][0].hyperparameters[name] for name in searched},
                CHANCE: chance[row],
            }
            for row in rows
        ]
        values = [trials[row][1] for row in rows]
        shares.append(importances({**searched, CHANCE: Uniform(0, 1)}, settings, values, seed))
    shares = [each for each in shares if each]
    return _summed_up(shares, list(searched)) if len(shares) > 1 else None


def _summed_up(shares: Sequence[Mapping[str, float]], names: Sequence[str]) -> Importance:
    without = [each[CHANCE] for each in shares]
    return Importance(
        mean={name: statistics.mean(each[name] for each in shares) for name in names},
        std={name: statistics.stdev(each[name] for each in shares) for name in names},
        chance=statistics.mean(without) + statistics.stdev(without),
    )


def _single(domain: Domain) -> bool:
    return isinstance(domain, Choice) and len(domain.values) == 1
