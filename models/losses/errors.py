"""Distances between images and their reconstructions, an image at a time."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.losses.maps import smoothed

_WINDOWS = {16: (8, 4), 32: (16, 8), 64: (16, 8), 128: (32, 16), 256: (64, 32)}
"""Side and step of the patches by image side: 9 patches up to 32 x 32, 49 above."""


def per_image(values: Tensor) -> Tensor:
    """[N, ...] -> the mean of each image [N]."""
    return values.flatten(1).mean(1)


def reconstruction_parts(difference: Tensor) -> dict[str, Tensor]:
    """The score parts of any detector that remakes images, of [N, C, H, W] - reconstruction."""
    return {
        "error": per_image(difference.abs()),
        "squared_error": per_image(difference.square()),
        "worst_patch": patch_errors(difference.abs()).amax(1),
        "map_peak": smoothed(difference.abs().mean(1)).flatten(1).amax(1),
    }


def patch_errors(error: Tensor) -> Tensor:
    """Absolute errors [N, C, H, W] -> mean of each patch [N, M]."""
    side, step = _WINDOWS[error.shape[-1]]
    return F.avg_pool2d(error.mean(1, keepdim=True), side, step).flatten(1)


def region_errors(error: Tensor) -> Tensor:
    """Absolute errors [N, C, H, W] -> mean of each of 3 x 3 overlapping windows [N, 9].

    Half as wide as the image at every image size, so there are as many for all.
    """
    side = error.shape[-1] // 2
    return F.avg_pool2d(error.mean(1, keepdim=True), side, side // 2).flatten(1)


def worst_patches(patches: Tensor, count: Tensor) -> Tensor:
    """Mean of the `count` largest of each image's patch errors: [N, M] -> [N].

    Sorting and masking by rank lets `count`, a 0-d tensor of at least 1, differ between lanes;
    more than M means all.
    """
    ordered = patches.sort(dim=1, descending=True).values
    ranks = torch.arange(patches.shape[1], device=patches.device)
    chosen = (ranks < count).to(patches.dtype)
    return (ordered * chosen).sum(1) / chosen.sum()
