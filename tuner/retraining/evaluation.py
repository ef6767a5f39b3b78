"""From scores and labels to figures: pure functions, the anomalies always the positives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics import Labels, Scores, auprc, auroc, decide

RESAMPLES = 1000
_CHUNK = 50  # resamples at a time: bounds memory at some 10 MB for 10,000 images


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (None for a single seed), and the value of each seed."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "std": std, "n": len(values), "seeds": list(values)}


def ranking_figures(
    labels: Labels, scores: Sequence[Scores], bootstrap_seed: int
) -> dict[str, Any]:
    """AUROC and AUPRC over seeds; the AUROC with its bootstrap interval."""
    figures = {
        "auroc": spread([auroc(labels, score) for score in scores]),
        "auprc": spread([auprc(labels, score) for score in scores]),
    }
    low, high = bootstrap_auroc(labels, scores, bootstrap_seed)
    figures["auroc"]["ci95"] = [low, high]
    return figures


def decision_figures(
    labels: Labels, scores: Sequence[Scores], thresholds: Sequence[float]
) -> dict[str, Any]:
    """F1, accuracy and confusion of each seed at its own threshold."""
    decisions = [
        decide(score, labels, threshold)
        for score, threshold in zip(scores, thresholds, strict=True)
    ]
    return {
        "threshold": spread([decision.threshold for decision in decisions]),
        "f1": spread([decision.f1 for decision in decisions]),
        "accuracy": spread([decision.accuracy for decision in decisions]),
        "confusion": {
            "seeds": [
                confusion(labels, score > threshold)
                for score, threshold in zip(scores, thresholds, strict=True)
            ]
        },
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


def bootstrap_auroc(
    labels: Labels, scores: Sequence[Scores], seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95% interval of the mean over seeds of the AUROC, by the images that a test set draws.

    Each resample draws as many normals and as many anomalies as there are, the same images for all
    seeds, and averages the seeds' AUROC: the interval tells of the choice of images, the standard
    deviation over seeds of training.
    """
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, resamples, _CHUNK):
        counts = _draw(labels, min(_CHUNK, resamples - start), generator)
        means.append(np.mean([_weighted_auroc(labels, score, counts) for score in scores], axis=0))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


def _draw(labels: Labels, resamples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each image is drawn [resamples, N], normals and anomalies each among themselves."""
    counts = np.zeros((resamples, len(labels)))
    for of_kind in (labels, ~labels):
        size = int(of_kind.sum())
        counts[:, of_kind] = generator.multinomial(size, np.full(size, 1 / size), resamples)
    return counts


def _weighted_auroc(
    labels: Labels, score: Scores, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """AUROC [resamples] by pairs: a tie counts one half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    positive = np.add.reduceat((counts * labels)[:, order], starts, axis=1)
    negative = np.add.reduceat((counts * ~labels)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    wins = (positive * below).sum(axis=1)
    return np.asarray(wins / (positive.sum(axis=1) * negative.sum(axis=1)))
