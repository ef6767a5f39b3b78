"""The chance of being the best: against Monte Carlo, closed forms and what is planted."""

import numpy as np
import pytest
from scipy import stats

from tuner.retrain.choosing.posterior import LEAST_DEVIATION, PRIOR_DEGREES, posterior

VALUES = [[0.91, 0.93, 0.92], [0.90, 0.95, 0.92, 0.90], [0.89, 0.90, 0.88], [0.93, 0.87, 0.97]]


def test_a_variance_would_not_be_drawn_toward_the_pooled_one() -> None:
    known = posterior(VALUES)
    own = [np.var(each, ddof=1) for each in VALUES]
    freedom = np.array([len(each) - 1 for each in VALUES])
    pooled = np.dot(own, freedom) / freedom.sum()
    expected = (PRIOR_DEGREES * pooled + freedom * own) / (PRIOR_DEGREES + freedom)
    np.testing.assert_allclose(known.variances, expected)
    np.testing.assert_allclose(known.degrees, PRIOR_DEGREES + freedom)
    few = [[0.91, 0.93], [0.90, 0.95]]
    assert posterior(few).degrees == pytest.approx([2.0, 2.0]), "more than all values have"
    np.testing.assert_allclose(known.scales, np.sqrt(expected / (freedom + 1)))


@pytest.mark.parametrize("values", [VALUES, [[0.94, 0.95], [0.905, 0.915]]])
def test_the_chance_of_being_the_best_would_differ_from_monte_carlo(
    values: list[list[float]],
) -> None:
    """Also where two are far apart by two seeds each, so that only the tails overlap."""
    known = posterior(values)
    generator = np.random.default_rng(7)
    drawn = generator.standard_t(known.degrees, (1_000_000, len(values)))
    best = (known.means + known.scales * drawn).argmax(axis=1)
    shares = np.bincount(best, minlength=len(values)) / len(drawn)
    np.testing.assert_allclose(known.probabilities(), shares, atol=0.0015)


def test_two_of_the_same_spread_would_not_have_the_chance_of_their_difference() -> None:
    """With many seeds the difference of two is normal: a closed form."""
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 0.01, 400)
    noise -= noise.mean()
    known = posterior([(0.9 + noise).tolist(), (0.901 + noise).tolist()])
    error = np.std(noise, ddof=1) * np.sqrt(2 / 400)
    assert known.probabilities()[1] == pytest.approx(stats.norm.cdf(0.001 / error), abs=2e-3)


def test_the_interval_would_not_be_that_of_a_student() -> None:
    known = posterior(VALUES)
    low, high = known.intervals()[1]
    expected = stats.t.interval(0.95, known.degrees[1], known.means[1], known.scales[1])
    assert (low, high) == pytest.approx(expected)


def test_figures_that_do_not_differ_would_break_the_choice_or_be_called_certain() -> None:
    """As those of PCA, which draws nothing."""
    same = posterior([[0.9] * 3, [0.9] * 3])
    assert same.probabilities() == pytest.approx([0.5, 0.5])
    assert same.variances == pytest.approx([LEAST_DEVIATION**2] * 2)
    assert posterior([[0.9] * 3, [0.8] * 3]).probabilities()[0] > 0.999
