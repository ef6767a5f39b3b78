"""The losses of Kim et al. (2020), equations 1 to 8, as pure functions.

Differs from the paper's code: the patch loss carries a gradient (there it is collected into a new
tensor), and the adversarial losses are least squares as in the paper's text, not cross entropy.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.losses.errors import per_image

_LEAST_ERROR = 1e-6


def adversarial(heads: Sequence[Tensor], target: float) -> Tensor:
    """Mean of (sigmoid(logits) - target)^2 of each head, added up: equations 1, 5 and its twin."""
    terms = [(logits.sigmoid() - target).square().mean() for logits in heads]
    return torch.stack(terms).sum()


def discrimination(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Least squares of a discriminator, real 1 and fake 0: equation 1."""
    return 0.5 * (adversarial(real, 1.0) + adversarial(fake, 0.0))


def anomaly_between_class(error: Tensor) -> Tensor:
    """-log(1 - exp(-e)) of each anomaly's mean error e, averaged: equation 8.

    Falls as the error grows. With images in [-1, 1], e is at most 2 and this at least 0.145.
    """
    mean_error = per_image(error).clamp_min(_LEAST_ERROR)
    return -torch.log(-torch.expm1(-mean_error)).mean()
