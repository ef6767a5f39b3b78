"""What needs the gradient of a network itself: penalties on it, and searches along it.

By `torch.func.grad`, which works mapped over lanes, under `no_grad` and within another gradient.
Networks called inside must hold their batch statistics: `update_statistics=False`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


def squared_gradient_norms(critic: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """||d critic / d image||^2 of each image [N], of a critic with one value an image [N].

    The zero-centred penalty of Roth et al. 2017 and Mescheder et al. 2018.
    """
    gradient: Tensor = torch.func.grad(lambda shown: critic(shown).sum())(images)
    return gradient.flatten(1).square().sum(1)


def latent_search(
    losses: Callable[[Tensor], Tensor],
    start: Tensor,
    steps: int,
    rate: Callable[[float], Tensor | float],
) -> Tensor:
    """The vectors [N, L] that Adam reaches from `start`, each minimising a loss of its own [N].

    `rate` gives the learning rate by the share of the steps that is done. All are searched at once,
    by the gradient of the sum: the same as one by one, since Adam works on each number alone.
    """
    slope = torch.func.grad(lambda vectors: losses(vectors).sum())
    vectors, first, second = start, torch.zeros_like(start), torch.zeros_like(start)
    for step in range(1, steps + 1):
        gradient: Tensor = slope(vectors)
        first = _BETA1 * first + (1 - _BETA1) * gradient
        second = _BETA2 * second + (1 - _BETA2) * gradient.square()
        pace = rate((step - 1) / steps) / (1 - _BETA1**step)
        divisor = (second / (1 - _BETA2**step)).sqrt() + _EPSILON
        vectors = vectors - pace * first / divisor
    return vectors
