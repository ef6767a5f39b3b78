"""How generated images lie to each other and to others: what boundary generators are trained by.

N and Q images of any shape; distances are Euclidean over all of an image's numbers.
"""

import torch
from torch import Tensor

_LEAST = 1e-8


def distances(one: Tensor, other: Tensor) -> Tensor:
    """Of each of [N, ...] to each of [Q, ...]: [N, Q], float32, differentiable at 0 too.

    In bfloat16 the difference of large squares would be rounded away.
    """
    a, b = one.flatten(1).float(), other.flatten(1).float()
    with torch.autocast(a.device.type, enabled=False):
        squared = a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.t()
        return (squared.clamp_min(0) + _LEAST).sqrt()


def nearest_distances(images: Tensor, bank: Tensor) -> Tensor:
    """min_j ||x_i - b_j|| [N]: the d of OMASGAN's boundary loss (p = 2, q = 1)."""
    return distances(images, bank).amin(1)


def scattering(latents: Tensor, images: Tensor, power: int = 1) -> Tensor:
    """1 / (N - 1) sum over j != i of (||z_i - z_j|| / ||x_i - x_j||)^q [N]: OMASGAN's s, q `power`.

    Large where different vectors make the same image.
    """
    count = len(latents)
    ratio = (distances(latents, latents) / distances(images, images)) ** power
    apart = 1 - torch.eye(count, device=latents.device, dtype=latents.dtype)
    return (ratio * apart).sum(1) / (count - 1)


def spread_about_mean(images: Tensor) -> Tensor:
    """The mean over i of ||x_i - mean_j x_j||, whose inverse is FenceGAN's dispersion loss."""
    centred = (images - images.mean(0, keepdim=True)).flatten(1)
    return (centred.square().sum(1) + _LEAST).sqrt().mean()
