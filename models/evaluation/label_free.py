"""Criteria that rank configurations by the scores of normals and of noise; no anomaly is needed.

They are those of Dai and Fan, "AutoUAD: Hyper-parameter Optimization for Unsupervised Anomaly
Detection", ICLR 2025. The paper itself could not be read here: the formulas were taken from a
summary of it, and agree with what its public reviews and two independent implementations say.
For the scores s of one configuration, without the paper's 1e-6 in the denominators:

- RTM, definition 3: (mean of the highest 5% of s - median of s) / median of s.
- EAG, definitions 4 and 5: the mean of AG(x) over thresholds x between the 80th percentile of s
  and its maximum. AG(x) is the variance of s between the scores below x and those from x on,
  divided by the variance within these two groups.
- NPD, definition 6: (mean noise - mean normal)^2 / (2 (variance noise + variance normal)).

What is ours:

- The scores are those of held-out normals also in RTM and EAG, where the paper takes the images
  that the model was fitted on.
- NPD is negative where noise scores lower than normals do. The paper squares the sign away, and so
  rewards a detector that takes noise for normal as much as one that takes it for an anomaly.
- RTM divides by the size of the median: scores may be negative here.
- A criterion x is given as x / (1 + 1e-6 |x|), which changes no order and keeps it below a million.
  The paper's own 1e-6 would outweigh the variance of small scores.

The paper's three are higher for better configurations; none is turned round. NPD and EAG stay the
same when scores are multiplied by a positive number or moved, RTM only when they are multiplied.
"""

from __future__ import annotations

import torch
from torch import Tensor

_CEILING = 1e6


def criteria(normal: Tensor, noise: Tensor) -> dict[str, Tensor]:
    """Every criterion [K] by its name in `CRITERIA`, of scores [K, N] and [K, M], higher better.

    Scores are those of held-out normals and of `models.data.noise.noise_images`, float64. Where
    all scores of a lane are the same, it gets 0; where one is not finite, NaN, in that lane alone.

    Raises:
        ValueError: there are fewer than two normals, or no noise.
    """
    if normal.shape[-1] < 2 or noise.shape[-1] < 1:
        raise ValueError(
            "criteria without labels need the scores of at least two normals and one noise image; "
            f"given are {normal.shape[-1]} and {noise.shape[-1]}"
        )
    ordered = normal.sort(-1).values
    finite = normal.isfinite().all(-1) & noise.isfinite().all(-1)
    found = {
        "npd": _normalised_pseudo_discrepancy(ordered, noise),
        "rtm": _relative_top_median(ordered),
        "eag": _expected_anomaly_gap(ordered),
    }
    return {name: values.where(finite, torch.nan) for name, values in found.items()}


def _normalised_pseudo_discrepancy(ordered: Tensor, noise: Tensor) -> Tensor:
    origin = ordered[..., :1]  # differences of equal scores are exactly 0, those of means are not
    normal, noise = ordered - origin, noise - origin
    gap = noise.mean(-1) - normal.mean(-1)
    spread = noise.var(-1, correction=0) + normal.var(-1, correction=0)
    return gap.sign() * _ratio(gap.square(), 2 * spread)


def _relative_top_median(ordered: Tensor) -> Tensor:
    count = ordered.shape[-1]
    # Of an even number of scores, the median is the mean of the middle two.
    median = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
    least = ordered[..., -_rounded_up(count, 5), None]
    top = ordered >= least  # scores equal to the least of the highest belong to them
    above = (ordered - median[..., None]).where(top, 0.0).sum(-1) / top.sum(-1)
    return _ratio(above, median.abs())


def _expected_anomaly_gap(ordered: Tensor) -> Tensor:
    """The integral over thresholds is a sum: between two scores next to each other AG is one."""
    count = ordered.shape[-1]
    first = min(_rounded_up(count, 80), count - 1)
    below = torch.arange(first, count, dtype=ordered.dtype, device=ordered.device)
    shifted = ordered - ordered[..., :1]
    total = shifted.var(-1, correction=0)[..., None]
    sums = shifted.cumsum(-1)
    mean_below = sums[..., first - 1 : -1] / below
    mean_above = (sums[..., -1:] - sums[..., first - 1 : -1]) / (count - below)
    between = below * (count - below) / count**2 * (mean_above - mean_below).square()
    gaps = _ratio(between, total - between)
    lengths = shifted[..., first:] - shifted[..., first - 1 : -1]
    whole = lengths.sum(-1).clamp_min(torch.finfo(ordered.dtype).tiny)
    return (gaps * lengths).sum(-1) / whole


def _rounded_up(count: int, percent: int) -> int:
    """So many percent of `count`, in whole numbers: 0.05 x 20 as floats may be above 1."""
    return -(-count * percent // 100)


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole for both from 0 on, but never above a million; 0 / 0 is 0."""
    return part / (whole + part / _CEILING).clamp_min(torch.finfo(part.dtype).tiny)
