"""How many epochs a search trains and how long that takes, before it starts.

ASHA stops trials by how they compare, so the number of epochs is known only within limits. The
likely number is the mean of draws in which the order of the trials says nothing about how good
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tuner.engine.early_stopping import rungs_of
from tuner.planning.lanes import choose_lanes
from tuner.planning.open_trials import OpenTrial, open_trials
from tuner.planning.simulated_rest import epochs_of_a_draw
from tuner.record.trials import TrialView
from tuner.space import Machine, Space, trials_at_once

Probe = Callable[[Space, Machine, int], float]
"""Measures the seconds that one epoch of so many lanes in one step takes on this machine."""

START_S = 20
"""Until the first trial of a search trains: Ray and the workers start."""
_DRAWS = 40
_MOST_PLAYED = 400
"""Trials still to come that are played through; as many more as there are go the same way."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number known within limits."""

    least: float
    likely: float
    greatest: float

    def spelt(self, spell: Callable[[float], str]) -> str:
        """From the least to the greatest; once where they are spelt alike."""
        least, greatest = spell(self.least), spell(self.greatest)
        return least if least == greatest else f"{least} to {greatest}"

    def times(self, factor: float) -> Range:
        """Return the range with each number multiplied."""
        return Range(
            least=self.least * factor, likely=self.likely * factor, greatest=self.greatest * factor
        )

    def plus(self, other: Range) -> Range:
        """Return the range of both together."""
        return Range(
            least=self.least + other.least,
            likely=self.likely + other.likely,
            greatest=self.greatest + other.greatest,
        )


def epochs_to_train(space: Space) -> Range:
    """Return the number of epochs of all trials together."""
    return epochs_left(space, ())


def epochs_left(space: Space, trials: Sequence[TrialView]) -> Range:
    """Return the number of epochs that are left where the record has these trials.

    What has ended trains no more, what runs goes on where the record has it, what is paused may,
    and what was not asked for yet begins.
    """
    played = len(trials) + _MOST_PLAYED
    if space.trials <= played:
        return _epochs_played(space, trials, max(10, _DRAWS - space.trials // 8))
    fewer, more = (  # with the same draws, so that the difference is that of the trials between
        _epochs_played(space.model_copy(update={"trials": count}), trials, 10)
        for count in (played - _MOST_PLAYED // 2, played)
    )
    rest = more.plus(fewer.times(-1)).times((space.trials - played) / (_MOST_PLAYED // 2))
    return more.plus(rest)


def _epochs_played(space: Space, trials: Sequence[TrialView], draws: int) -> Range:
    to_do = open_trials(space, trials)
    greatest = sum(space.epochs - trial.epochs for trial in to_do)
    if not rungs_of(space) or not to_do:
        return Range(least=greatest, likely=greatest, greatest=greatest)
    least = sum(_least(space, trial) for trial in to_do) + _least_of_the_winner(
        space, trials, to_do
    )
    runs = [epochs_of_a_draw(space, trials, to_do, Random(seed)) for seed in range(draws)]
    likely = min(greatest, max(least, sum(runs) / len(runs)))
    return Range(least=least, likely=likely, greatest=greatest)


def _least(space: Space, trial: OpenTrial) -> int:
    """Epochs up to where the trial may be stopped."""
    if trial.paused:
        return 0
    stops = [] if trial.never_stopped else [stop for stop in rungs_of(space) if stop > trial.epochs]
    return min(stops, default=space.epochs) - trial.epochs


def _least_of_the_winner(
    space: Space, trials: Sequence[TrialView], to_do: Sequence[OpenTrial]
) -> int:
    """Epochs beyond those of `_least` that one trial trains: the first at each rung goes on.

    Of the promote type one does where enough come to each rung, and none is lost on the way.
    """
    if any(trial.never_stopped for trial in to_do):
        return 0
    stops = rungs_of(space)
    if space.scheduler.type == "promote":
        enough = space.trials >= space.scheduler.reduction_factor ** len(stops)
        runners = [] if not enough or any(trial.ended for trial in trials) else list(to_do)
    else:
        reached = max((s for each in trials for s in stops if s <= each.epochs), default=0)
        runners = [trial for trial in to_do if trial.epochs >= reached]
    extra = (space.epochs - trial.epochs - _least(space, trial) for trial in runners)
    return min(extra, default=0)


def estimate_seconds(space: Space, machine: Machine, probe: Probe, epochs: Range) -> Range:
    """Return the seconds that so many epochs of a resolved space take, by a measured one.

    The start of Ray and of the workers is in it. Where lanes are measured at the search's start,
    one is reckoned with.
    """
    lanes = choose_lanes(space, machine).count
    epoch_s = probe(space, machine, lanes)
    training = epochs.times(epoch_s / trials_at_once(space, machine, lanes))
    if not training.greatest:
        return training
    return training.plus(Range(least=START_S, likely=START_S, greatest=START_S))
