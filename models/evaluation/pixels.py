"""Figures of anomaly maps against masks of the true defects.

N images of H x W pixels; higher is more anomalous. Maps are finite floats, masks bool, both
[N, H, W]. Normal images count with an empty mask. An anomaly of whose pixels nothing is known must
be left out: its defect would count as false alarms.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from models.evaluation.lane_metrics import aurocs

Maps: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
Masks: TypeAlias = NDArray[np.bool_]


def pixel_auroc(maps: Maps, masks: Masks) -> float:
    """Area under the ROC of all pixels of all images as one set.

    Raises:
        ValueError: shapes differ, a value is not finite, or no pixel is anomalous, or none normal.
    """
    _check(maps, masks)
    return float(aurocs(torch.tensor(maps).flatten(), torch.tensor(masks).flatten()))


def pro(maps: Maps, masks: Masks, max_fpr: float = 0.3) -> float:
    """Per-region overlap: how much of a defect is found, each counting the same, small or large.

    A region is a connected part of a mask (pixels that touch by a corner are connected). The share
    of it that is above the threshold, averaged over the regions of all images, is a curve over the
    false positive rate of all normal pixels of all images; this is the area under it from 0 to
    `max_fpr` (above 0, at most 1), divided by `max_fpr`: 0 to 1. Chance gives `max_fpr` / 2.
    Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.2.

    Raises:
        ValueError: as `pixel_auroc`, or `max_fpr` is outside its range.
    """
    _check(maps, masks)
    if not 0 < max_fpr <= 1:
        raise ValueError(f"max_fpr is {max_fpr}; allowed are values above 0 and up to 1")
    normals = maps[~masks]
    reached = int(np.ceil(max_fpr * len(normals))) - 1
    least = -np.partition(-normals, reached)[reached]  # false alarms at this one reach max_fpr
    counted = maps >= least
    overlaps, false_alarms = _curve(maps[counted], _weights(masks)[counted], masks[counted])
    return _area(false_alarms / len(normals), overlaps, max_fpr)


def _check(maps: Maps, masks: Masks) -> None:
    if maps.shape != masks.shape or maps.ndim != 3:
        raise ValueError(
            f"maps are {maps.shape} and masks {masks.shape}; both must be [images, height, width]"
        )
    if not np.isfinite(maps).all():
        raise ValueError("a map holds values that are not finite")
    if masks.all() or not masks.any():
        raise ValueError(f"{'all' if masks.any() else 'no'} pixels are marked as anomalous")


def _weights(masks: Masks) -> NDArray[np.float64]:
    """What each anomalous pixel adds to the mean overlap, 0 for normal ones; the sum is 1."""
    from scipy.ndimage import label  # noqa: PLC0415 - figures of images alone do not need it

    weights = np.zeros(masks.shape)
    regions = 0
    for image in np.flatnonzero(masks.any((1, 2))):
        labels, found = label(masks[image], structure=np.ones((3, 3)))
        areas = np.bincount(labels.ravel())
        weights[image] = np.where(masks[image], 1 / areas[labels], 0)
        regions += found
    return weights / regions


def _curve(
    values: Maps, weights: NDArray[np.float64], anomalous: Masks
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean overlap and the number of false alarms at each threshold, highest first, from 0."""
    order = np.argsort(-values)
    ordered = values[order]
    last = np.append(ordered[1:] != ordered[:-1], True)  # equal values are flagged together
    overlaps = np.cumsum(weights[order])[last]
    false_alarms = np.cumsum(~anomalous[order])[last]
    return np.append(0.0, overlaps), np.append(0.0, false_alarms)


def _area(x: NDArray[np.float64], y: NDArray[np.float64], limit: float) -> float:
    """Under the line through the points from x = 0 to `limit`, as a share of the full area."""
    end = min(int(np.searchsorted(x, limit)), len(x) - 1)  # 0.3 x N / N may round to below 0.3
    step = (limit - x[end - 1]) / (x[end] - x[end - 1])
    at_limit = y[end - 1] + step * (y[end] - y[end - 1])
    return float(np.trapezoid(np.append(y[:end], at_limit), np.append(x[:end], limit)) / limit)
