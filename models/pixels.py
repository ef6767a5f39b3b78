"""Images as detectors take them."""

import torch
from torch import Tensor

CHUNK = 256
"""Images scored at a time: few enough to stay in the processor's cache."""


def scaled(images: Tensor) -> Tensor:
    """uint8 images -> float32 in [-1, 1]."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)
