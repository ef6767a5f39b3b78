"""Simulated choices among planted configurations: right as often as is said, and with less."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

from tuner.retrain.choosing.allocation import next_trainings, shares
from tuner.retrain.choosing.posterior import Values, posterior
from tuner.retrain.choosing.rounds import Rule, State, may_be_best, next_round, state_of

LEVEL = 0.95
RULE = Rule(level=LEVEL, first=3, most=60)
ONE_AHEAD = (2.0, 0.0, 0.0, 0.0, 0.0)
"""Means in standard deviations of a training."""
EQUAL = (0.0,) * 5
More = Callable[[Values, Rule], Sequence[int]]


def uniform(values: Values, rule: Rule) -> Sequence[int]:
    """Every configuration gets one more in each round, under the same rule to stop."""
    return [1 if more else 0 for more in [sum(next_round(values, rule))] * len(values)]


def chosen(means: Sequence[float], seed: int, rule: Rule = RULE, more: More = next_round) -> State:
    generator = np.random.default_rng(seed)
    values: list[list[float]] = [[] for _ in means]
    counts: Sequence[int] = [rule.first] * len(means)
    while any(counts):
        for place, count in enumerate(counts):
            drawn = 0.9 + 0.01 * generator.normal(means[place], 1, count)
            values[place] += drawn.tolist()
        counts = more(values, rule)
    return state_of(values)


@cache
def simulated(means: tuple[float, ...], count: int, most: int = RULE.most) -> list[State]:
    rule = Rule(level=LEVEL, first=3, most=most)
    return [chosen(means, seed, rule) for seed in range(count)]


def test_the_best_would_be_chosen_less_often_than_is_said() -> None:
    states = simulated(ONE_AHEAD, 1000)
    assert np.mean([state.chosen == 0 for state in states]) >= LEVEL
    sure = [state for state in states if state.probability >= LEVEL]
    assert len(sure) > 900
    assert np.mean([state.chosen == 0 for state in sure]) >= LEVEL
    assert all(may_be_best(state, LEVEL) == [] for state in sure)


def test_equal_ones_would_be_told_apart() -> None:
    states = simulated(EQUAL, 300, 25)
    assert np.mean([state.probability < LEVEL for state in states]) >= LEVEL
    assert np.mean([len(may_be_best(state, LEVEL)) for state in states]) > 2.5


def test_what_is_sure_of_one_a_little_ahead_would_be_wrong_too_often() -> None:
    states = simulated((1.5, 1.0, -2.0, -2.0, -2.0), 300, 40)
    sure = [state.chosen == 0 for state in states if state.probability >= LEVEL]
    assert len(sure) > 100
    assert np.mean(sure) >= LEVEL - 0.03


def test_more_trainings_would_be_needed_than_if_all_got_the_same() -> None:
    """Where another is near, and most are far: uniform trainings are lost on those."""
    means = (2.0, 1.0, -1.0, -1.0, -1.0)
    ours = [sum(state.trainings) for state in simulated(means, 200)]
    alike = [sum(chosen(means, seed, more=uniform).trainings) for seed in range(200)]
    assert np.median(ours) < np.median(alike)


def test_the_shares_would_not_be_those_of_the_paper() -> None:
    """Theorem 1, by hand: three of ten, with one variance, 1, 2 and 4 behind the best."""
    spread = np.array([-0.01, 0.0, 0.01])
    known = posterior([(spread + mean).tolist() for mean in (0.9, 0.88, 0.86, 0.82)])
    second, third, fourth = 1 / 0.02**2, 1 / 0.04**2, 1 / 0.08**2
    first = np.sqrt(second**2 + third**2 + fourth**2)
    expected = np.array([first, second, third, fourth])
    np.testing.assert_allclose(shares(known), expected / expected.sum())


def test_the_variances_would_not_count_in_the_shares() -> None:
    wide, narrow = [0.84, 0.86, 0.88], [0.859, 0.86, 0.861]
    known = posterior([[0.9, 0.9, 0.9], wide, narrow])
    found = shares(known)
    assert found[1] / found[2] == pytest.approx(known.variances[1] / known.variances[2])


def test_a_round_would_all_go_to_whoever_lacks_most_at_its_beginning() -> None:
    """Of three alike, whose shares are 0.41, 0.29 and 0.29, and who have three each."""
    known = posterior([[0.90, 0.91, 0.92]] * 3)
    assert next_trainings(known, 1) == [1, 0, 0]
    assert next_trainings(known, 3) == [2, 1, 0]


def test_seeds_would_go_where_they_change_nothing() -> None:
    values = [[0.90, 0.92, 0.91], [0.905, 0.9, 0.915], [0.70, 0.72, 0.71]]
    assert next_round(values, RULE)[2] == 0
    assert sum(next_round(values, RULE)) == 3
    assert next_trainings(posterior(values), 1) != [0, 0, 1]


def test_the_budget_would_be_overdrawn_or_a_round_depend_on_how_it_was_reached() -> None:
    values = [[0.90, 0.92, 0.91], [0.905, 0.9, 0.915]]
    assert sum(next_round(values, Rule(level=LEVEL, first=3, most=7))) == 1
    assert sum(next_round(values, Rule(level=LEVEL, first=3, most=6))) == 0
    assert next_round([[], []], RULE) == [3, 3]
    assert sum(next_round([[0.9, 0.901, 0.9], [0.5, 0.501, 0.5]], RULE)) == 0


def test_those_that_may_be_the_best_would_be_too_few_or_too_many() -> None:
    def state(*probabilities: float) -> State:
        none = [0] * len(probabilities)
        return State(
            means=probabilities,
            intervals=[(0, 0)] * len(none),
            probabilities=probabilities,
            trainings=none,
        )

    assert may_be_best(state(0.1, 0.6, 0.02, 0.28), LEVEL) == [3, 0]
    assert may_be_best(state(0.02, 0.96, 0.01, 0.01), LEVEL) == []
    assert may_be_best(state(0.5, 0.5), LEVEL) == [1]


def test_the_least_known_would_be_chosen_over_a_higher_mean() -> None:
    nine = [0.94, 0.945, 0.95, 0.95, 0.95, 0.95, 0.95, 0.955, 0.96]
    state = state_of([nine, [each - 0.0003 for each in nine], [0.92, 0.949, 0.9795]])
    assert np.argmax(state.probabilities) == 2
    assert state.chosen == 0 and state.probability == state.probabilities[0]
