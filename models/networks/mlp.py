"""Plain dense networks."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class Mlp(nn.Module):
    """Dense layers of these widths, inputs and outputs included; the activation between them."""

    def __init__(self, widths: Sequence[int], activation: Callable[[Tensor], Tensor] = torch.relu):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.activation = activation

    def forward(self, values: Tensor) -> Tensor:
        """[N, widths[0]] -> [N, widths[-1]], nothing after the last layer."""
        for layer in self.layers[:-1]:
            values = self.activation(layer(values))
        last: Tensor = self.layers[-1](values)
        return last
