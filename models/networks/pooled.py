"""Convolutions with pooling between them: encoders and decoders of plain autoencoders.

3 x 3 convolutions with biases and ReLU, no batch statistics; maximum pooling makes values smaller
and repeating them (nearest neighbours) makes them larger.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _convolutions(channels: int, filters: Sequence[int], border: int = 1) -> nn.ModuleList:
    ends = pairwise((channels, *filters))
    return nn.ModuleList(nn.Conv2d(a, b, 3, padding=border) for a, b in ends)


class PooledEncoder(nn.Module):
    """A convolution to each of `filters` channels, after each a division of the side by `pools`.

    Without a `border` of zeros each convolution takes 2 from the side.
    """

    def __init__(
        self, channels: int, filters: Sequence[int], pools: Sequence[int], *, border: int = 1
    ):
        super().__init__()
        self.convs = _convolutions(channels, filters, border)
        self.pools = tuple(pools)

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> code [N, filters[-1], H / p, W / p], p the product of the pools."""
        values = images
        for conv, pool in zip(self.convs, self.pools, strict=True):
            # The largest before ReLU is the largest after it, and there are fewer left for it.
            values = torch.relu(F.max_pool2d(conv(values), pool))
        return values


class PooledDecoder(nn.Module):
    """A convolution to each of `filters` channels, after each the side times one of `pools`.

    One more, `last` pixels wide, makes an image of it.
    """

    def __init__(
        self, inputs: int, filters: Sequence[int], pools: Sequence[int], channels: int, last: int
    ):
        super().__init__()
        self.convs = _convolutions(inputs, filters)
        self.pools = tuple(pools)
        self.last = nn.Conv2d(filters[-1], channels, last, padding=last // 2)

    def forward(self, code: Tensor) -> Tensor:
        """[N, inputs, H, W] -> images [N, C, p H, p W] in [0, 1], p the product of the pools."""
        values = code
        for conv, pool in zip(self.convs, self.pools, strict=True):
            values = F.interpolate(torch.relu(conv(values)), scale_factor=float(pool))
        return torch.sigmoid(self.last(values).float())
