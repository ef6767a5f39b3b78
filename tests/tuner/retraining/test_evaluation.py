"""Figures from scores: the bootstrap against plain counting."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tuner.retraining.evaluation import (
    _draw,
    _drawn_auroc,
    bootstrap_auroc,
    confusion,
    split_figures,
    spread,
)


def sample(count: int, seed: int, steps: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.random(count) < 0.4
    scores = generator.normal(size=count) + labels
    return labels, np.round(scores * steps) / steps if steps else scores


@pytest.mark.parametrize("steps", [0, 2])
def test_a_resample_would_have_another_auroc_than_its_images(steps: int) -> None:
    labels, scores = sample(200, 1, steps)
    generator = np.random.default_rng(2)
    sizes = (int(labels.sum()), int((~labels).sum()))
    positive, negative = (_draw(size, 5, generator) for size in sizes)
    assert [drawn.sum(1).tolist() for drawn in (positive, negative)] == [[n] * 5 for n in sizes]
    counts = np.zeros((5, 200), dtype=int)
    counts[:, labels], counts[:, ~labels] = positive, negative
    expected = [
        roc_auc_score(np.repeat(labels, drawn), np.repeat(scores, drawn)) for drawn in counts
    ]
    drawn = _drawn_auroc(scores[labels], scores[~labels], positive, negative)
    assert drawn == pytest.approx(expected)


def test_the_interval_would_not_hold_the_auroc_or_would_not_narrow() -> None:
    widths = []
    for count in (200, 5000):
        labels, scores = sample(count, 3)
        low, high = bootstrap_auroc(labels, [scores, scores], seed=0)
        assert low < roc_auc_score(labels, scores) < high
        assert (low, high) == bootstrap_auroc(labels, [scores, scores], seed=0)
        widths.append(high - low)
    assert widths[0] > 3 * widths[1]


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
