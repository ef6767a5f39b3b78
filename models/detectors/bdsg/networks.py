"""What the boundary detectors see of an image, and what they hold that is not trained."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MOST_NUMBERS = 256
BOUNDARY_IMAGES = 256
"""So many images of the boundary are what scores measure the distance to."""


def coarse_side(channels: int, size: int) -> int:
    """The side of `coarse` images: the largest power of 2 that makes them 256 numbers or fewer."""
    side: int = 2 ** int(math.log2(_MOST_NUMBERS / channels) / 2)
    return min(size, side)


def coarse(images: Tensor) -> Tensor:
    """Images averaged over squares of pixels, as vectors: [N, C, H, W] -> [N, P], P up to 256."""
    channels, size = images.shape[1], images.shape[-1]
    return F.avg_pool2d(images, size // coarse_side(channels, size)).flatten(1)


class Reference(nn.Module):
    """`latents` [Q, L], of which images of the boundary are made, and `level` [], a log density."""

    latents: Tensor
    level: Tensor

    def __init__(self, latent: int):
        super().__init__()
        self.register_buffer("latents", torch.randn(BOUNDARY_IMAGES, latent))
        self.register_buffer("level", torch.zeros(()))
