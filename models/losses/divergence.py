"""How far two distributions lie apart, by the values that a critic gives to samples of both.

The critic's value v is meant to be high where the first distribution has more mass and low where
the second has. Two forms of the estimate are here, with the same methods:

- `FGan`: Nowozin, Cseke, Tomioka, "f-GAN", NeurIPS 2016. E_p[T(v)] - E_q[f*(T(v))] is at most the
  f-divergence of p from q, with T a function into the domain of f's convex conjugate f*.
- `KlWgan`: Song and Ermon, "Bridging the gap between f-GANs and Wasserstein GANs", ICML 2020. Hinge
  losses, in which samples of q weigh by what the critic thinks of them.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

NAMES = ("pearson", "kl", "js", "gan")
"""Of the f-divergences: Pearson's chi squared, Kullback-Leibler, Jensen-Shannon, and the GAN's."""
_PEARSON_LEAST = -2.0
"""Of T: below it f* of Pearson's divergence is -1, and v^2 / 4 + v is not f*."""
_SLOPE_BELOW = 0.01


def _unknown(divergence: str) -> ValueError:
    return ValueError(f"divergence {divergence!r}; allowed: {', '.join(NAMES)}")


def dual(divergence: str, values: Tensor) -> Tensor:
    """T(v): a critic's values brought into the domain of f*."""
    match divergence:
        case "pearson" | "kl":
            return values
        case "js":
            return math.log(2) - F.softplus(-values)
        case "gan":
            return -F.softplus(-values)
    raise _unknown(divergence)


def conjugate(divergence: str, values: Tensor) -> Tensor:
    """f*(T(v)); of Pearson's the whole parabola, which keeps a critic's values in its domain."""
    match divergence:
        case "pearson":
            return values.square() / 4 + values
        case "kl":
            return torch.exp(values - 1)
        case "js":
            return F.softplus(values) - math.log(2)
        case "gan":
            return F.softplus(values)
    raise _unknown(divergence)


def rising_conjugate(divergence: str, values: Tensor, slope: float = 0.0) -> Tensor:
    """f*(T(v)), which never falls as v rises: Pearson's is -1 for all v below -2.

    With a `slope` it falls there by that share of v, so that no two values have one score.
    """
    if divergence != "pearson":
        return conjugate(divergence, values)
    inside = conjugate(divergence, values.clamp_min(_PEARSON_LEAST))
    return inside + slope * (values - _PEARSON_LEAST).clamp_max(0)


def weights(values: Tensor, temperature: Tensor | float) -> Tensor:
    """exp(v / t) of samples [N] over its mean: their mean is 1. The gradient goes through them."""
    return torch.softmax(values / temperature, 0) * len(values)


class Form(Protocol):
    """What critics and generators minimise, of a critic's values [N]; each returns a scalar.

    `weighed` is to be taken of a generator's samples before anything else.
    """

    def weighed(self, values: Tensor) -> Tensor:
        """The values of generated samples, as the losses take them [N]."""

    def high(self, values: Tensor) -> Tensor:
        """Falls as the values rise: a critic's, of samples of the first distribution."""

    def low(self, values: Tensor) -> Tensor:
        """Falls as the values fall: a critic's, of samples of the second distribution."""

    def likeness(self, values: Tensor) -> Tensor:
        """Rises as the critic takes generated samples for the first distribution's."""

    def dual(self, values: Tensor) -> Tensor:
        """What the gradient penalty is of [N]."""

    def evidence(self, values: Tensor) -> Tensor:
        """For the first distribution and against the second, of each sample [N]: for scores."""


@dataclass(frozen=True)
class FGan:
    """By an f-divergence, one of NAMES."""

    divergence: str

    def weighed(self, values: Tensor) -> Tensor:
        """As they are."""
        return values

    def high(self, values: Tensor) -> Tensor:
        """-E[T(v)]."""
        return -self.dual(values).mean()

    def low(self, values: Tensor) -> Tensor:
        """E[f*(T(v))]."""
        return conjugate(self.divergence, values).mean()

    def likeness(self, values: Tensor) -> Tensor:
        """E[f*(T(v))], without a gradient where Pearson's would have one of the wrong sign."""
        return rising_conjugate(self.divergence, values).mean()

    def dual(self, values: Tensor) -> Tensor:
        """T(v)."""
        return dual(self.divergence, values)

    def evidence(self, values: Tensor) -> Tensor:
        """f*(T(v))."""
        return rising_conjugate(self.divergence, values, _SLOPE_BELOW)


@dataclass(frozen=True)
class KlWgan:
    """By margins of 1; the temperature, a 0-d tensor, flattens the weights."""

    temperature: Tensor | float

    def weighed(self, values: Tensor) -> Tensor:
        """w v."""
        return weights(values, self.temperature) * values

    def high(self, values: Tensor) -> Tensor:
        """E[relu(1 - v)]."""
        return torch.relu(1 - values).mean()

    def low(self, values: Tensor) -> Tensor:
        """E[relu(1 + v)]."""
        return torch.relu(1 + values).mean()

    def likeness(self, values: Tensor) -> Tensor:
        """E[v]."""
        return values.mean()

    def dual(self, values: Tensor) -> Tensor:
        """The value itself."""
        return values

    def evidence(self, values: Tensor) -> Tensor:
        """The value itself."""
        return values
