"""From scores and labels to figures: pure functions, the anomalies always the positives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_curve

from models.arrays import Labels, Scores
from models.evaluation.metrics import auprc, auroc, decide
from models.evaluation.standard_error import interval_of_perfect
from tuner.retrain.bootstrap import interval

FALSE_ALARMS = {"miss_rate_at_1": 0.01, "miss_rate_at_5": 0.05}
"""The share of normal images that may be flagged, by the name of the miss rate."""


_ORDER = (*FALSE_ALARMS, "balanced_accuracy", "auroc", "auprc", "threshold", "confusion")


def in_order(figures: dict[str, Any]) -> dict[str, Any]:
    """What inspection asks first: defects missed and good parts flagged; what is not named last."""
    return {name: figures[name] for name in _ORDER} | figures


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (None for a single seed), and the value of each seed."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "std": std, "n": len(values), "seeds": list(values)}


def ranking_figures(labels: Labels, scores: Sequence[Scores], resampled: Scores) -> dict[str, Any]:
    """What no threshold is needed for, over seeds; the AUROC with its bootstrap interval."""
    figures = {
        name: spread([miss_rate(labels, score, false_alarms) for score in scores])
        for name, false_alarms in FALSE_ALARMS.items()
    }
    figures["auroc"] = spread([auroc(labels, score) for score in scores])
    figures["auroc"]["ci95"] = _auroc_interval(labels, figures["auroc"]["seeds"], resampled)
    figures["auprc"] = spread([auprc(labels, score) for score in scores])
    return figures


def _auroc_interval(labels: Labels, aurocs: Sequence[float], resampled: Scores) -> list[float]:
    """By the bootstrap; where every training ranks every pair alike, no resample differs."""
    if set(aurocs) in ({0.0}, {1.0}):
        anomalies = int(labels.sum())
        return list(interval_of_perfect(aurocs[0], len(labels) - anomalies, anomalies))
    return interval(resampled)


def miss_rate(labels: Labels, score: Scores, false_alarms: float) -> float:
    """The least share of anomalies missed with at most this share of normals flagged.

    It is a point of the ROC that a threshold reaches, none between two: with fewer normals than
    1 / `false_alarms`, that without any false alarm.
    """
    flagged, found, _ = roc_curve(labels, score, drop_intermediate=False)
    return float(1 - found[flagged <= false_alarms].max())


def decision_figures(
    labels: Labels, scores: Sequence[Scores], thresholds: Sequence[float]
) -> dict[str, Any]:
    """What each seed decides at its own threshold."""
    decisions = [
        decide(score, labels, threshold)
        for score, threshold in zip(scores, thresholds, strict=True)
    ]
    flagged = [score > threshold for score, threshold in zip(scores, thresholds, strict=True)]
    return {
        "balanced_accuracy": spread(
            [float(balanced_accuracy_score(labels, one)) for one in flagged]
        ),
        "threshold": spread([decision.threshold for decision in decisions]),
        "confusion": {"seeds": [confusion(labels, one) for one in flagged]},
        "accuracy": spread([decision.accuracy for decision in decisions]),
        "f1": spread([decision.f1 for decision in decisions]),
    }


def confusion(labels: Labels, flagged: Labels) -> dict[str, int]:
    """Counts of images; positive is anomalous."""
    return {
        "true_negatives": int((~labels & ~flagged).sum()),
        "false_positives": int((~labels & flagged).sum()),
        "false_negatives": int((labels & ~flagged).sum()),
        "true_positives": int((labels & flagged).sum()),
    }


def split_figures(labels: Labels) -> dict[str, Any]:
    """What a split's AUPRC (the rate) and F1 (that of flagging all) must be read beside."""
    rate = float(labels.mean())
    return {
        "images": len(labels),
        "anomalous": int(labels.sum()),
        "anomaly_rate": rate,
        "flag_everything_f1": 2 * rate / (1 + rate),
    }
