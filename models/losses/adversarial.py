"""Losses of generators and discriminators, by name, on logits: real is 1 and fake is 0.

bce: cross entropy (Goodfellow et al. 2014), the generator's not saturating. lsgan: least squares of
probabilities (Mao et al. 2017). hinge: margins of 1 (Lim and Ye 2017).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

NAMES = ("bce", "lsgan", "hinge")


def bce(logits: Tensor, target: float | Tensor) -> Tensor:
    """Mean cross entropy of logits to a target from 0 to 1: softplus(l) - target l."""
    return (F.softplus(logits) - target * logits).mean()


def discrimination(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """What a discriminator minimises: the sum of its losses on real and on fake images."""
    match kind:
        case "bce":
            return bce(real, 1.0) + bce(fake, 0.0)
        case "lsgan":
            return (real.sigmoid() - 1).square().mean() + fake.sigmoid().square().mean()
        case "hinge":
            return torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    raise ValueError(f"adversarial loss {kind!r}; allowed: {', '.join(NAMES)}")


def deception(kind: str, fake: Tensor) -> Tensor:
    """What a generator minimises: its images pass for real."""
    match kind:
        case "bce":
            return bce(fake, 1.0)
        case "lsgan":
            return (fake.sigmoid() - 1).square().mean()
        case "hinge":
            return -fake.mean()
    raise ValueError(f"adversarial loss {kind!r}; allowed: {', '.join(NAMES)}")


def to_target(kind: str, logits: Tensor, target: float | Tensor) -> Tensor:
    """Mean loss of logits to a target from 0 to 1; margins have none."""
    match kind:
        case "bce":
            return bce(logits, target)
        case "lsgan":
            return (logits.sigmoid() - target).square().mean()
    raise ValueError(f"adversarial loss {kind!r} has no targets; allowed: bce, lsgan")


def rejection(kind: str, fake: Tensor) -> Tensor:
    """The part of `discrimination` that is of fake images."""
    return torch.relu(1 + fake).mean() if kind == "hinge" else to_target(kind, fake, 0.0)
