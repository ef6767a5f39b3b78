"""Figures from scores: against plain counting."""

import numpy as np
import pytest

from models.evaluation.standard_error import interval_of_perfect
from tuner.retrain.bootstrap import interval, resampled_aurocs
from tuner.retrain.evaluation import (
    confusion,
    decision_figures,
    miss_rate,
    ranking_figures,
    split_figures,
    spread,
)


def test_one_seed_would_pretend_to_a_spread() -> None:
    assert spread([0.5])["std"] is None
    assert spread([0.5, 0.7])["std"] == pytest.approx(0.1414, abs=1e-4)


def test_the_anomalies_would_not_be_the_positives() -> None:
    labels = np.array([True, True, True, False])
    flagged = np.array([True, True, False, False])
    counts = confusion(labels, flagged)
    assert (counts["true_positives"], counts["false_negatives"]) == (2, 1)
    assert (counts["true_negatives"], counts["false_positives"]) == (1, 0)
    assert split_figures(labels)["flag_everything_f1"] == pytest.approx(6 / 7)


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("allowed", [0.01, 0.05, 0.3])
def test_another_miss_rate_than_that_of_the_best_threshold(steps: int, allowed: float) -> None:
    """Every threshold is tried; with `steps` many scores are equal."""
    generator = np.random.default_rng(1)
    labels = generator.random(160) < 0.4
    scores = generator.normal(size=160) + labels
    scores = np.round(scores * steps) / steps if steps else scores
    cuts = [-np.inf, *np.unique(scores)]
    normal, anomalous = scores[~labels], scores[labels]
    expected = min((anomalous <= c).mean() for c in cuts if (normal > c).mean() <= allowed)
    assert 0 < expected < 1
    assert miss_rate(labels, scores, allowed) == pytest.approx(expected)


def test_an_auroc_of_1_would_have_an_interval_of_no_width() -> None:
    labels = np.array([False] * 12 + [True] * 6)
    perfect, missed = labels.astype(float), np.where(np.arange(18) == 17, 0.0, labels)
    for scores in ([perfect, perfect], [perfect]):
        figures = ranking_figures(labels, scores, resampled_aurocs(labels, scores, 0).mean(1))
        low, high = figures["auroc"]["ci95"]
        assert (low, high) == interval_of_perfect(1.0, normals=12, anomalies=6)
        assert low < 0.9
    for scores in ([missed, missed], [perfect, missed]):  # here the resamples do differ
        means = resampled_aurocs(labels, scores, 0).mean(1)
        assert ranking_figures(labels, scores, means)["auroc"]["ci95"] == interval(means)


def test_exactly_five_percent_of_false_alarms_would_not_be_allowed() -> None:
    labels = np.array([False] * 20 + [True] * 2)
    scores = np.array([0.0] * 19 + [2.0] + [1.0, 3.0])
    assert miss_rate(labels, scores, 0.05) == 0
    assert miss_rate(labels, scores, 0.049) == 0.5


def test_the_rarer_kind_would_count_less() -> None:
    labels = np.array([True] * 8 + [False] * 2)
    scores = np.array([1.0] * 8 + [1.0, 0.0])
    figures = decision_figures(labels, [scores], [0.5])
    assert figures["balanced_accuracy"]["mean"] == pytest.approx(0.75)
    assert figures["accuracy"]["mean"] == pytest.approx(0.9)
