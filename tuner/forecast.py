"""How many epochs a search trains and how long that takes, before it starts.

ASHA stops trials by how they compare, so the number of epochs is known only within limits. The
likely number holds if the order of the trials says nothing about how good they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models import detectors
from tuner.space import Machine, Space

Probe = Callable[[Space, Machine], float]
"""Measures the seconds that one epoch of one trial takes on this machine."""


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
    rung = space.scheduler.grace_epochs
    while space.scheduler.name == "asha" and rung < space.epochs:
        found.append(rung)
        rung *= space.scheduler.reduction_factor
    return tuple(found)


def published_trials(space: Space) -> tuple[str, ...]:
    """Return the published sets that the search tries first; each runs its full length."""
    return tuple(detectors.published(space.detector))[: space.trials]


def epochs_to_train(space: Space) -> Range:
    """Return the number of epochs of all trials together."""
    stops = rungs(space)
    full = min(space.trials, max(1, len(published_trials(space))))
    greatest = space.trials * space.epochs
    if not stops:
        return Range(least=greatest, likely=greatest, greatest=greatest)
    least = full * space.epochs + (space.trials - full) * stops[0]
    likely, trained, going_on = 0.0, 0, float(space.trials)
    for stop in (*stops, space.epochs):
        likely += max(going_on, full) * (stop - trained)
        trained, going_on = stop, _going_on(going_on, space.scheduler.reduction_factor)
    return Range(least=least, likely=likely, greatest=greatest)


def _going_on(arriving: float, reduction_factor: int) -> float:
    """Return how many of the trials that arrive at a rung pass it, if their order is random.

    The first passes; trial m+1 must reach the (1 - 1/factor) quantile of the m before it, which
    ASHA interpolates between them. A number of m random ones exceeds the j-th with j/(m+1).
    """
    quantile = 1 - 1 / reduction_factor
    passing = [1 - (quantile * (m - 1) + 1) / (m + 1) for m in range(1, round(arriving))]
    return 1 + sum(passing)


def trials_at_once(space: Space, machine: Machine) -> int:
    """Return how many trials train at the same time: one a GPU, or one a core or as told."""
    if space.resources.concurrent_trials != "auto":
        slots = space.resources.concurrent_trials
    else:
        slots = machine.gpus or max(1, machine.cpus // space.resources.cpus_per_trial)
    return min(slots, space.trials)


def estimate_seconds(space: Space, machine: Machine, probe: Probe) -> Range:
    """Return the seconds that the search of a resolved space trains, by a measured epoch.

    The start of Ray and of the workers, some 20 seconds, is not in it.
    """
    epoch_s = probe(space, machine)
    return epochs_to_train(space).times(epoch_s / trials_at_once(space, machine))
