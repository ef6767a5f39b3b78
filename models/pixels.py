"""Images as detectors take them."""

import torch
from torch import Tensor

_PIXELS = 256 * 32 * 32
_LEAST = 16


def chunk_of(size: int) -> int:
    """Images of `size` x `size` scored at a time: few enough to stay in the processor's cache."""
    return min(256, max(_LEAST, _PIXELS // size**2))


def scaled(images: Tensor) -> Tensor:
    """uint8 images -> float32 in [-1, 1]."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)
