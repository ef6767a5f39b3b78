"""ROC and precision-recall curves as numbers: pure functions of labels and scores."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from models.arrays import Labels, Scores

GRID = np.linspace(0, 1, 501)
"""Steps of the false positive rate, or of recall."""
FROM_ORIGIN = np.concatenate([[0.0], GRID])
"""The false positive rates of a ROC: at 0 it rises from the origin to what has no false alarm."""

Curve = NDArray[np.float64]


def true_positive_rates(labels: Labels, score: Scores) -> Curve:
    """The ROC curve from the origin, then at 501 equal steps of the false positive rate from 0."""
    false_positive, true_positive, _ = roc_curve(labels, score)
    return np.concatenate([[0.0], np.interp(GRID, false_positive, true_positive)])


def precisions(labels: Labels, score: Scores) -> Curve:
    """The precision at 501 equal steps of recall, in the steps that average precision sums."""
    precision, recall, _ = precision_recall_curve(labels, score)
    precision, recall = precision[:-1][::-1], recall[:-1][::-1]
    place = np.searchsorted(recall, GRID, side="left").clip(max=len(recall) - 1)
    return np.asarray(precision[place])
