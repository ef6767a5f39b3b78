"""From scores and labels to figures: pure functions, the anomalies always the positives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import Labels, Scores
from models.evaluation.metrics import auprc, auroc, decide

Counts = NDArray[np.int64]

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


def bootstrap_auroc(labels: Labels, scores: Sequence[Scores], seed: int) -> tuple[float, float]:
    """95% interval of the mean over seeds of the AUROC, by the images that a test set draws.

    Each resample draws as many normals and as many anomalies as there are, the same images for all
    seeds, and averages the seeds' AUROC: the interval tells of the choice of images, the standard
    deviation over seeds of training.
    """
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, RESAMPLES, _CHUNK):
        number = min(_CHUNK, RESAMPLES - start)
        positive = _draw(int(labels.sum()), number, generator)
        negative = _draw(int((~labels).sum()), number, generator)
        aurocs = [
            _drawn_auroc(score[labels], score[~labels], positive, negative) for score in scores
        ]
        means.append(np.mean(aurocs, axis=0))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


def _draw(size: int, resamples: int, generator: np.random.Generator) -> Counts:
    """How often each of `size` images is drawn when as many are drawn [resamples, size]."""
    drawn = generator.integers(0, size, (resamples, size))
    flat = drawn + size * np.arange(resamples)[:, None]
    return np.bincount(flat.ravel(), minlength=resamples * size).reshape(resamples, size)


def _drawn_auroc(
    positive: Scores, negative: Scores, positive_drawn: Counts, negative_drawn: Counts
) -> Scores:
    """AUROC [resamples] by pairs, a tie counting one half.

    For each negative score, the drawn positives below it and those up to it are looked up in the
    running sum over the sorted positives.
    """
    order = np.argsort(positive)
    running = np.cumsum(positive_drawn[:, order], axis=1)
    running = np.concatenate([np.zeros((len(running), 1), dtype=np.int64), running], axis=1)
    below = running[:, np.searchsorted(positive[order], negative, side="left")]
    up_to = running[:, np.searchsorted(positive[order], negative, side="right")]
    won = running[:, -1:] - (below + up_to) / 2
    pairs = running[:, -1] * negative_drawn.sum(axis=1)
    return np.asarray((won * negative_drawn).sum(axis=1) / pairs)
