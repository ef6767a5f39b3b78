"""When it is decided which configuration is best, and what is trained until then.

All of it follows from the values, which are in the order of their seeds: however many trainings run
at once, and however often a choice is broken off and taken up, it goes the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuner.retrain.choosing.allocation import next_trainings
from tuner.retrain.choosing.posterior import Values, posterior


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Each begins with `first` trainings; more are given until `level` or `most` is reached."""

    level: float
    first: int
    most: int


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known after a round: `means`, and `probabilities` that each is the best."""

    means: Sequence[float]
    intervals: Sequence[tuple[float, float]]
    probabilities: Sequence[float]
    trainings: Sequence[int]

    @property
    def chosen(self) -> int:
        """The place of the highest mean; of equals the first.

        What has few seeds may be the likeliest with a lower mean, for it may be anything.
        """
        return int(np.argmax(self.means))

    @property
    def probability(self) -> float:
        """That the chosen one is the best."""
        return self.probabilities[self.chosen]


def state_of(values: Values) -> State:
    """What the values say."""
    known = posterior(values)
    return State(
        means=known.means.tolist(),
        intervals=known.intervals(),
        probabilities=known.probabilities().tolist(),
        trainings=known.counts.tolist(),
    )


def next_round(values: Values, rule: Rule) -> Sequence[int]:
    """How many trainings each gets next; none where the choice is made or the budget is spent.

    A round is as many trainings as there are configurations, on any machine.
    """
    if not any(values):
        return [rule.first] * len(values)
    known = posterior(values)
    left = rule.most - int(known.counts.sum())
    if left <= 0 or state_of(values).probability >= rule.level:
        return [0] * len(values)
    return next_trainings(known, min(left, len(values)))


def may_be_best(state: State, level: float) -> list[int]:
    """The places of those, likeliest first, that may be the best instead of the chosen one.

    With the chosen one they are the fewest that hold the best with probability `level`: none where
    the chosen one alone does.
    """
    likeliest = np.argsort(-np.asarray(state.probabilities), kind="stable").tolist()
    held, found = state.probability, []
    for place in likeliest:
        if held >= level:
            break
        if place != state.chosen:
            held += state.probabilities[place]
            found.append(place)
    return found
