"""The two halves of the evidence lower bound, negated, as pure functions of one image each."""

from torch import Tensor

from models.losses.errors import per_image

_LEAST_PROBABILITY = 1e-6


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of vectors [N, L], summed over their numbers -> [N]."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def unlikelihood(kind: str, images: Tensor, remade: Tensor) -> Tensor:
    """-log p(image | reconstruction) [N] of images in [-1, 1], a mean over pixels from 0 to 1.

    mse: (x - y)^2, which is that of N(y, 1/2) less a constant; bce: the cross entropy.
    """
    seen, likely = (images + 1) / 2, (remade + 1) / 2
    if kind == "mse":
        return per_image((seen - likely).square())
    on = likely.clamp_min(_LEAST_PROBABILITY).log()
    off = (1 - likely).clamp_min(_LEAST_PROBABILITY).log()
    return per_image(-(seen * on + (1 - seen) * off))


def sampled(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Vectors drawn from N(mean, variance) by noise of N(0, 1), all [N, L]."""
    return mean + (0.5 * log_variance).exp() * noise
