"""An image as its low and its high frequencies, by a level of the Gaussian pyramid.

Burt and Adelson: "The Laplacian Pyramid as a Compact Image Code", 1983. Borders are those of
OpenCV's `pyrDown` and `pyrUp`, by which OCR-GAN's code does it. Sums of shifted values, so that
nothing is rounded to bfloat16.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def bands(images: Tensor) -> tuple[Tensor, Tensor]:
    """Images [N, C, H, W] -> low and high frequencies of the same shape, whose sum they are."""
    small = _halved(_halved(images).mT).mT
    low = _doubled(_doubled(small).mT).mT
    return low, images - low


def _halved(values: Tensor) -> Tensor:
    """Lines [..., W] -> every second value [..., W / 2], smoothed by (1, 4, 6, 4, 1) / 16."""
    width = values.shape[-1]
    padded = F.pad(values, (2, 2, 0, 0), mode="reflect")
    a, b, c, d, e = (padded[..., place : place + width : 2] for place in range(5))
    return (a + e + 4 * (b + d) + 6 * c) / 16


def _doubled(values: Tensor) -> Tensor:
    """Lines [..., W] -> [..., 2 W]: with zeros between the values, smoothed by twice the taps."""
    before = torch.cat([values[..., 1:2], values[..., :-1]], -1)
    after = torch.cat([values[..., 1:], values[..., -1:]], -1)
    at_values = (before + 6 * values + after) / 8
    between = (values + after) / 2
    return torch.stack([at_values, between], -1).flatten(-2)
