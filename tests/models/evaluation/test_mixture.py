import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from models.data.config import FOLDS
from models.evaluation import metrics
from models.evaluation.lane_metrics import flagged
from models.evaluation.mixture import (
    Mixture,
    cross_fitted,
    folds,
    mixed_lanes,
    thresholds_of,
)
from models.evaluation.regression import logistic_regressions


def _toy(count: int = 400) -> tuple[dict[str, metrics.Scores], metrics.Labels]:
    random = np.random.default_rng(0)
    anomalous = np.arange(count) % 2 == 1
    signal = random.normal(size=count) + anomalous
    return {"good": signal * 1e-3 + 5, "noise": random.normal(size=count)}, anomalous


def fit_mixture(parts: dict[str, metrics.Scores], anomalous: metrics.Labels) -> Mixture:
    """The one that is fitted on all images."""
    stacked = torch.from_numpy(np.stack(list(parts.values())))[None]
    return mixed_lanes(list(parts), stacked, torch.from_numpy(anomalous)).fitted[0]


def test_mixture_finds_the_part_that_tells() -> None:
    parts, anomalous = _toy()
    mixture = fit_mixture(parts, anomalous)
    assert (
        metrics.auroc(anomalous, mixture.score(parts))
        >= metrics.auroc(anomalous, parts["good"]) - 0.01
    )
    assert ((mixture.score(parts) > 0) == anomalous).mean() > 0.6


def test_cross_fitting_does_not_learn_labels_by_heart() -> None:
    random = np.random.default_rng(0)
    anomalous = np.arange(200) % 2 == 1
    noise = {str(part): random.normal(size=200) for part in range(60)}
    fitted = fit_mixture(noise, anomalous).score(noise)
    assert metrics.auroc(anomalous, fitted) > 0.8
    # 4 standard deviations of the AUROC of noise with 100 + 100 images
    assert abs(metrics.auroc(anomalous, cross_fitted(noise, anomalous)) - 0.5) < 0.165


def test_cross_fitting_is_the_same_every_time() -> None:
    parts, anomalous = _toy()
    first, second = (cross_fitted(parts, anomalous) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_threshold_lies_where_the_classes_are_as_likely() -> None:
    random = np.random.default_rng(1)
    score = np.concatenate([random.normal(0, 1, 3000), random.normal(4, 1, 3000)])
    thresholds = thresholds_of(torch.from_numpy(score)[None], torch.arange(6000) >= 3000)
    assert thresholds.tolist() == [pytest.approx(2.0, abs=0.1)]


def test_small_errors_would_be_called_anomalies_where_anomalies_have_smaller_ones() -> None:
    """Above the half of a regression that points down lies what it calls normal."""
    error = torch.arange(20.0, dtype=torch.float64)
    scores = torch.stack([error, -error, torch.full_like(error, 3.0)])
    anomalous = torch.arange(20) >= 10
    thresholds = thresholds_of(scores, anomalous)
    said = flagged(scores, anomalous, thresholds)
    assert said.accuracy.tolist() == [1.0, 0.5, 0.5]
    assert said.f1.tolist() == [1.0, 0.0, 0.0]
    assert thresholds[1:].tolist() == [0.0, 3.0]


def test_positive_parts_enter_by_their_logarithm() -> None:
    parts, anomalous = _toy()
    mixture = fit_mixture(parts, anomalous)
    assert mixture.logarithmic == ("good",)
    changed = {**parts, "good": parts["good"] * np.e}
    rise = mixture.score(changed) - mixture.score(parts)
    assert rise == pytest.approx(np.full(len(rise), mixture.weights["good"]))


def test_an_image_that_is_left_out_would_say_how_a_part_enters() -> None:
    """One negative value, in one fold, keeps the logarithm from the regression without it alone."""
    parts, anomalous = _toy()
    negative = {**parts, "good": parts["good"].copy()}
    (odd,) = np.flatnonzero(folds(anomalous) == 0)[:1]
    negative["good"][odd] = -1.0
    fold = folds(anomalous) == 0
    before, after = cross_fitted(parts, anomalous), cross_fitted(negative, anomalous)
    others = fold & (np.arange(len(fold)) != odd)
    np.testing.assert_allclose(after[others], before[others])
    assert not np.allclose(after[~fold], before[~fold])


@pytest.mark.parametrize("anomalies", [10, 23, 60])
def test_a_fold_would_have_no_share_of_the_anomalies(anomalies: int) -> None:
    anomalous = np.arange(100) < anomalies
    dealt = folds(anomalous)
    for kind in (False, True):
        counts = np.bincount(dealt[anomalous == kind], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("spread", [1.0, 30.0, 1000.0])
def test_regressions_of_many_lanes_are_scikit_learns(spread: float) -> None:
    """Also where full Newton steps overshoot, and where the classes are far apart."""
    random = np.random.default_rng(0)
    features = random.normal(size=(6, 90, 4)) * np.array([1, 0.1, 3, 1])
    anomalous = np.arange(90) % 3 == 0
    features[:3, anomalous, 0] += spread
    features[3:, 0, 1] = spread
    kept = random.random((6, 90)) < 0.8
    weights, intercepts = logistic_regressions(
        torch.from_numpy(features), torch.from_numpy(anomalous), torch.from_numpy(kept)
    )
    for lane, rows in enumerate(kept):
        theirs = LogisticRegression(solver="newton-cholesky")
        theirs.fit(features[lane, rows], anomalous[rows])
        np.testing.assert_allclose(weights[lane], theirs.coef_[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(intercepts[lane], theirs.intercept_[0], rtol=1e-9, atol=1e-12)


def _by_scikit_learn(
    features: metrics.Scores, anomalous: metrics.Labels, seen: metrics.Labels
) -> metrics.Scores:
    """Scores of all images by a regression on those that are seen."""
    mean, spread = features[seen].mean(0), features[seen].std(0)
    model = LogisticRegression(solver="newton-cholesky")
    model.fit((features[seen] - mean) / spread, anomalous[seen])
    scores: metrics.Scores = model.decision_function((features - mean) / spread)
    return scores


def test_a_lane_is_fitted_as_by_scikit_learn_whatever_is_beside_it() -> None:
    parts, anomalous = _toy(200)
    names, labels = list(parts), torch.from_numpy(anomalous)
    first = torch.from_numpy(np.stack(list(parts.values())))
    together = mixed_lanes(names, torch.stack([first, first * 1e6, -first]), labels)
    features = np.stack([np.log(parts["good"]), parts["noise"]], 1)
    held_out = np.empty(200)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for rest, fold in folds.split(anomalous, anomalous):
        held_out[fold] = _by_scikit_learn(features, anomalous, np.isin(np.arange(200), rest))[fold]
    np.testing.assert_allclose(together.held_out[0], held_out, rtol=1e-8, atol=1e-10)
    whole = _by_scikit_learn(features, anomalous, np.ones(200, bool))
    np.testing.assert_allclose(together.scores[0], whole, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(together.fitted[0].score(parts), whole, rtol=1e-8, atol=1e-10)
    zeros = torch.zeros_like(first)
    beside_others = mixed_lanes(names, torch.stack([first, zeros, zeros]), labels)
    assert torch.equal(beside_others.held_out[0], together.held_out[0])
    assert torch.equal(beside_others.scores[0], together.scores[0])
    assert beside_others.fitted[0] == together.fitted[0]
