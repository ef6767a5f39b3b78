"""Figures of many score rows at once, on the device where the scores are.

Scores are float64 [..., N], labels bool [N]; higher is more anomalous. Ties count as they should:
half a rightly ordered pair for AUROC, one common threshold for average precision.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


def aurocs(scores: Tensor, anomalous: Tensor) -> Tensor:
    """Area under the receiver operating characteristic of each row [...]."""
    normals = scores[..., ~anomalous].sort(-1).values
    anomalies = scores[..., anomalous].contiguous()
    below = torch.searchsorted(normals, anomalies)
    up_to = torch.searchsorted(normals, anomalies, right=True)
    pairs = normals.shape[-1] * anomalies.shape[-1]
    return (below + up_to).sum(-1).double() / (2 * pairs)


def auprcs(scores: Tensor, anomalous: Tensor) -> Tensor:
    """Average precision of each row [...]: the mean precision at the score of each anomaly."""
    everything = scores.sort(-1).values
    anomalies = scores[..., anomalous].sort(-1).values
    flagged = scores.shape[-1] - torch.searchsorted(everything, anomalies)
    found = anomalies.shape[-1] - torch.searchsorted(anomalies, anomalies)
    return (found.double() / flagged).mean(-1)


@dataclass(frozen=True, kw_only=True)
class Flagged:
    """F1 and accuracy [...] of calling the images above the thresholds anomalies."""

    f1: Tensor
    accuracy: Tensor


def flagged(scores: Tensor, anomalous: Tensor, thresholds: Tensor) -> Flagged:
    """What thresholds [...] make of each row."""
    above = scores > thresholds[..., None]
    found = (above & anomalous).sum(-1)
    marked = above.sum(-1) + anomalous.sum()
    return Flagged(f1=2 * found / marked, accuracy=(above == anomalous).double().mean(-1))
