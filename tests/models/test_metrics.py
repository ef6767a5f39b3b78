import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics


def _toy(count: int = 400) -> tuple[dict[str, metrics.Scores], metrics.Labels]:
    random = np.random.default_rng(0)
    anomalous = np.arange(count) % 2 == 1
    signal = random.normal(size=count) + anomalous
    return {"good": signal * 1e-3 + 5, "noise": random.normal(size=count)}, anomalous


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auroc_is_the_share_of_rightly_ordered_pairs(rows: list[tuple[bool, int]]) -> None:
    anomalous = np.array([row[0] for row in rows])
    score = np.array([row[1] for row in rows], dtype=float)
    if anomalous.all() or not anomalous.any():
        return
    pairs = np.subtract.outer(score[anomalous], score[~anomalous])
    share = (pairs > 0).mean() + 0.5 * (pairs == 0).mean()
    assert metrics.auroc(anomalous, score) == pytest.approx(share)


def test_auroc_below_one_half_is_not_flipped() -> None:
    assert metrics.auroc(np.array([True, False]), np.array([0.0, 1.0])) == 0.0


def test_mixture_finds_the_part_that_tells() -> None:
    parts, anomalous = _toy()
    mixture = metrics.fit_mixture(parts, anomalous)
    assert (
        metrics.auroc(anomalous, mixture.score(parts))
        >= metrics.auroc(anomalous, parts["good"]) - 0.01
    )
    assert ((mixture.score(parts) > 0) == anomalous).mean() > 0.6


def test_cross_fitting_does_not_learn_labels_by_heart() -> None:
    random = np.random.default_rng(0)
    anomalous = np.arange(200) % 2 == 1
    noise = {str(part): random.normal(size=200) for part in range(60)}
    fitted = metrics.fit_mixture(noise, anomalous).score(noise)
    assert metrics.auroc(anomalous, fitted) > 0.8
    # 4 standard deviations of the AUROC of noise with 100 + 100 images
    assert abs(metrics.auroc(anomalous, metrics.cross_fitted(noise, anomalous)) - 0.5) < 0.165


def test_cross_fitting_is_the_same_every_time() -> None:
    parts, anomalous = _toy()
    first, second = (metrics.cross_fitted(parts, anomalous) for _ in range(2))
    assert np.array_equal(first, second)


def test_regression_decision_cuts_where_the_classes_are_as_likely() -> None:
    random = np.random.default_rng(1)
    score = np.concatenate([random.normal(0, 1, 3000), random.normal(4, 1, 3000)])
    decision = metrics.regression_decision(score, np.arange(6000) >= 3000)
    assert decision.threshold == pytest.approx(2.0, abs=0.1)
    assert decision.accuracy > 0.97 and decision.f1 > 0.97


def test_scores_without_spread_or_not_finite_are_unusable() -> None:
    assert metrics.usable(np.array([0.0, 1.0]))
    assert not metrics.usable(np.array([2.0, 2.0]))
    assert not metrics.usable(np.array([0.0, np.nan]))


def test_positive_parts_enter_by_their_logarithm() -> None:
    parts, anomalous = _toy()
    mixture = metrics.fit_mixture(parts, anomalous)
    assert mixture.logarithmic == ("good",)
    changed = {**parts, "good": parts["good"] * np.e}
    rise = mixture.score(changed) - mixture.score(parts)
    assert rise == pytest.approx(np.full(len(rise), mixture.weights["good"]))
