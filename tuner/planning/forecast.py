"""How many epochs a search trains and how long that takes, before it starts.

ASHA stops trials by how they compare, so the number of epochs is known only within limits. The
likely number is the mean of draws in which the order of the trials says nothing about how good
they are.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from tuner.record.trials import TrialView
from tuner.space import Machine, Space, published_trials, trials_at_once

Probe = Callable[[Space, Machine], float]
"""Measures the seconds that one epoch of one trial takes on this machine."""

_DRAWS = 40


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number known within limits."""

    least: float
    likely: float
    greatest: float

    def times(self, factor: float) -> Range:
        """Return the range with each number multiplied."""
        return Range(
            least=self.least * factor, likely=self.likely * factor, greatest=self.greatest * factor
        )


def rungs(space: Space) -> tuple[int, ...]:
    """Return the epochs after which ASHA may stop a trial, ascending; () without ASHA."""
    found: list[int] = []
    rung = space.grace_epochs
    while space.scheduler.name == "asha" and rung < space.epochs:
        found.append(rung)
        rung *= space.scheduler.reduction_factor
    return tuple(found)


def epochs_to_train(space: Space) -> Range:
    """Return the number of epochs of all trials together."""
    stops = rungs(space)
    published = len(published_trials(space))
    full = max(1, published)
    greatest = space.trials * space.epochs
    if not stops:
        return Range(least=greatest, likely=greatest, greatest=greatest)
    least = full * space.epochs + (space.trials - full) * stops[0]
    runs = [_epochs_of_a_draw(space, stops, published, Random(seed)) for seed in range(_DRAWS)]
    return Range(least=least, likely=sum(runs) / _DRAWS, greatest=greatest)


def _epochs_of_a_draw(space: Space, stops: tuple[int, ...], published: int, random: Random) -> int:
    """Return the epochs that ASHA trains if the trials, one after another, are random in quality.

    A trial passes a rung if it reaches the quantile of those before it, interpolated.
    """
    quantile = 1 - 1 / space.scheduler.reduction_factor
    rung_values: dict[int, list[float]] = {stop: [] for stop in stops}
    total = 0
    for number in range(space.trials):
        value, reached = random.random(), space.epochs
        for stop in stops:
            passes = value >= _quantile(rung_values[stop], quantile)
            insort(rung_values[stop], value)
            if not passes and number >= published:
                reached = stop
                break
        total += reached
    return total


def _quantile(ascending: list[float], share: float) -> float:
    if not ascending:
        return -inf
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])


def epochs_left(space: Space, trials: Sequence[TrialView]) -> Range:
    """Return the number of epochs that are left where these trials have begun."""
    whole = epochs_to_train(space)
    trained = sum(trial.epochs for trial in trials)
    over = [trial for trial in trials if trial.state != "running"]
    never = sum(space.epochs - trial.epochs for trial in over)
    greatest = max(0.0, whole.greatest - trained - never)
    likely = min(greatest, max(0.0, whole.likely - trained))
    return Range(
        least=min(likely, max(0.0, whole.least - trained)), likely=likely, greatest=greatest
    )


def estimate_seconds(
    space: Space, machine: Machine, probe: Probe, trials: Sequence[TrialView] = ()
) -> Range:
    """Return the seconds that the search of a resolved space trains, by a measured epoch.

    `trials` are those of its record. The start of Ray and of the workers, some 20 seconds, is not
    in it.
    """
    epoch_s = probe(space, machine)
    return epochs_left(space, trials).times(epoch_s / trials_at_once(space, machine))
