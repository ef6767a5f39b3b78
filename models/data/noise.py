"""Images of noise, for criteria that need no anomaly."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_MOST_NORMALS = 1000
"""The mean and spread of so many images, evenly spaced, are those of all."""


def noise_images(fit_normals: Tensor, count: int, seed: int) -> Tensor:
    """Gaussian noise with the mean and standard deviation of each pixel over the fit normals.

    uint8 [N, C, H, W] -> uint8 [count, C, H, W]; the same bytes for the same arguments. Pixels and
    channels are drawn independently, values outside 0 to 255 clipped (Dai and Fan, AutoUAD, ICLR
    2025, definition 6; the bytes are ours). Of a file mapped into memory, 1,000 images are read.

    Raises:
        ValueError: there are no normals.
    """
    if not len(fit_normals):
        raise ValueError("noise like the fit normals needs at least one of them")
    mean, spread = _statistics(fit_normals)
    images = np.empty((count, *mean.shape), np.uint8)
    generator = np.random.default_rng(seed)
    for image in images:
        noise = generator.standard_normal(mean.shape, np.float32)
        image[:] = (mean + spread * noise).round().clip(0, 255)
    return torch.from_numpy(images)


def _statistics(images: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each pixel; sums are whole numbers, so no order matters."""
    used = min(len(images), _MOST_NORMALS)
    sums = np.zeros(images.shape[1:], np.int64)
    squares = np.zeros_like(sums)
    for row in range(used):
        image = images[row * len(images) // used].numpy().astype(np.int64)
        sums += image
        squares += image * image
    variance = (used * squares - sums * sums) / used**2
    return (sums / used).astype(np.float32), np.sqrt(variance).astype(np.float32)
