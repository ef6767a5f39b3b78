"""Affine couplings: an invertible network whose density is known, RealNVP.

Dinh, Sohl-Dickstein, Bengio: "Density Estimation using Real NVP", ICLR 2017; here on vectors of P
numbers, with dense networks. N vectors.
"""

import math

import torch
from torch import Tensor, nn

from models.networks.mlp import Mlp

_LARGEST_SCALE = 2.0
"""A coupling stretches a number by exp(2) at most."""


class AffineCoupling(nn.Module):
    """Stretches and shifts half of the numbers by what the other half says; begins as nothing.

    `kept` [P] is 1 at the numbers that stay and 0 at those that are moved.
    """

    kept: Tensor

    def __init__(self, kept: Tensor, hidden: int):
        super().__init__()
        self.register_buffer("kept", kept)
        self.network = Mlp((len(kept), hidden, hidden, 2 * len(kept)))
        last = self.network.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """[N, P] -> the same shape, and the logarithm of the Jacobian's determinant [N]."""
        moved = 1 - self.kept
        scales, shifts = self.network(values * self.kept).float().chunk(2, 1)
        scales = _LARGEST_SCALE * torch.tanh(scales / _LARGEST_SCALE) * moved
        return values * scales.exp() + shifts * moved, scales.sum(1)


class CouplingFlow(nn.Module):
    """Vectors to their log densities, by couplings that lead to N(0, 1) in each number.

    The couplings come in pairs: what the first moves the second keeps, and which half that is is
    drawn for each pair. Vectors are standardised first, by `centre` and `spread` [P], which begin
    as 0 and 1.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, values: int, couplings: int, hidden: int):
        super().__init__()
        self.register_buffer("centre", torch.zeros(values))
        self.register_buffer("spread", torch.ones(values))
        halves: list[Tensor] = []
        for _ in range(math.ceil(couplings / 2)):
            half = (torch.randperm(values) < values // 2).float()
            halves += [half, 1 - half]
        self.couplings = nn.ModuleList(AffineCoupling(kept, hidden) for kept in halves[:couplings])

    def transform(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """[N, P] -> the same shape, and the logarithm of the Jacobian's determinant [N]."""
        values = (vectors.float() - self.centre) / self.spread
        determinants = -self.spread.log().sum().expand(len(values))
        for coupling in self.couplings:
            values, determinant = coupling(values)
            determinants = determinants + determinant
        return values, determinants

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, P] -> log densities [N], in nats."""
        values, determinants = self.transform(vectors)
        constant = 0.5 * math.log(2 * math.pi) * values.shape[1]
        return determinants - 0.5 * values.square().sum(1) - constant
