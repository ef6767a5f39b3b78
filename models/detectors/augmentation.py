"""Images turned over and around at random, each by random numbers that it is given."""

import torch
from torch import Tensor

from models.detectors.stage import Draw

DRAW = Draw(name="augmentation", shape=(3,), kind="uniform")
"""The random numbers that an image needs."""


def augmented(images: Tensor, chances: Tensor, kind: str) -> Tensor:
    """Images [N, C, H, W] with H = W, chances [N, 3] uniform -> the same shape.

    "none" leaves them; "flip" mirrors half of them, left to right; "flip+rot" turns them by a
    multiple of 90 degrees too.
    """
    if kind == "none":
        return images
    mirrored, half, quarter = (chances < 0.5)[:, :, None, None, None].unbind(1)
    images = torch.where(mirrored, images.flip(-1), images)
    if kind == "flip":
        return images
    images = torch.where(half, images.flip(-2, -1), images)
    return torch.where(quarter, images.transpose(-2, -1).flip(-1), images)
