"""Figures by kind of anomaly, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tuner.retrain.anomaly_kinds import by_kind, seen_and_unseen

NAMES = ("good", "hole", "scratch", "stain")


def sample() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 3, 300)
    scores = [generator.normal(size=300) + classes for _ in range(2)]
    return classes > 0, classes, scores


def test_other_anomalies_would_count_as_normal_or_as_the_kind() -> None:
    labels, classes, scores = sample()
    found = by_kind(labels, classes, NAMES, scores)
    assert list(found) == ["hole", "scratch"]
    for index, kind in ((1, "hole"), (2, "scratch")):
        chosen = (classes == 0) | (classes == index)
        expected = [roc_auc_score(classes[chosen] == index, score[chosen]) for score in scores]
        assert found[kind]["auroc"]["seeds"] == pytest.approx(expected)
        assert found[kind]["images"] == (classes == index).sum()
    assert found["scratch"]["auroc"]["mean"] > found["hole"]["auroc"]["mean"] + 0.1


def test_seen_and_unseen_kinds_would_change_places() -> None:
    labels, classes, scores = sample()
    kinds = by_kind(labels, classes, NAMES, scores)
    found = seen_and_unseen(labels, classes, {2, 3}, scores)
    assert found == {"seen": kinds["scratch"], "unseen": kinds["hole"]}
    assert set(seen_and_unseen(labels, classes, {1, 2}, scores)) == {"seen"}
