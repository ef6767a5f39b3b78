"""How many epochs a search trains and how long that takes, before it starts.

ASHA stops trials by how they compare, so the number of epochs is known only within limits. The
likely number is the mean of draws in which the order of the trials says nothing about how good
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tuner.engine.early_stopping import make_scheduler, rungs_of
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


def epochs_to_train(space: Space) -> Range:
    """Return the number of epochs of all trials together."""
    stops = rungs_of(space)
    published = len(published_trials(space))
    full = max(1, published)
    greatest = space.trials * space.epochs
    if not stops:
        return Range(least=greatest, likely=greatest, greatest=greatest)
    least = full * space.epochs + (space.trials - full) * stops[0]
    draws = range(max(4, _DRAWS - space.trials // 25))
    runs = [_epochs_of_a_draw(space, published, Random(seed)) for seed in draws]
    return Range(least=least, likely=sum(runs) / len(runs), greatest=greatest)


def _epochs_of_a_draw(space: Space, published: int, random: Random) -> int:
    """Return the epochs of a search of one slot whose trials are random in quality."""
    scheduler, paused, total = make_scheduler(space), dict[int, int](), 0
    qualities = [random.random() for _ in range(space.trials)]
    started = 0
    while True:
        promotion = scheduler.promotion(paused)
        if promotion is None and started == space.trials:
            return total
        number = started if promotion is None else promotion.number
        started += promotion is None
        epochs = paused.pop(number, 0)
        action = "continue"
        while epochs < space.epochs and (action == "continue" or number < published):
            epochs, total = epochs + 1, total + 1
            action = scheduler.decide(number, epochs, qualities[number]).action
        if action == "pause" and number >= published:
            paused[number] = epochs


def epochs_left(space: Space, trials: Sequence[TrialView]) -> Range:
    """Return the number of epochs that are left where these trials have begun."""
    whole = epochs_to_train(space)
    trained = sum(trial.epochs for trial in trials)
    over = [trial for trial in trials if trial.ended]
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
