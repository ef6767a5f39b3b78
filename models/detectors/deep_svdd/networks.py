"""The LeNets of Deep SVDD and Deep SAD: no biases, and norms without weights.

With either of them a network could map every image to the centre (propositions 2 and 3 of Ruff et
al. 2018). "fashion-mnist" and "cifar-10" are the released networks of those data: at width 16,
1x32x32 -> 16x16x16 -> 32x8x8 -> 128 -> 64; at width 32, 3x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4
-> 128. They were made for 28 and 32 pixels; larger images have a level more for each doubling, and
channels do not grow beyond four times the width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.networks.convolutional import Norm
from models.networks.dense import VectorNorm

_EPSILON = 1e-4
_MOST_MULTIPLE = 4
_START_SIDE = 4
_NEAREST_TO_ZERO = 0.1


@dataclass(frozen=True, kw_only=True)
class LeNet:
    """A network's layers for one image size.

    `widths` are the encoder's channels, level by level; `hidden` the numbers of the dense layer
    before its vector, 0 for none. The decoder starts with `start` channels at 4 x 4 places, and its
    convolutions have the channels `remade` and then the image's; `doublings` of them see their
    values at twice the side.
    """

    widths: tuple[int, ...]
    hidden: int
    start: int
    remade: tuple[int, ...]
    doublings: int


def lenet(network: str, width: int, size: int) -> LeNet:
    """The layers of "fashion-mnist" or "cifar-10" for images of `size` x `size`."""
    doublings = int(math.log2(size // _START_SIDE))
    fashion = network == "fashion-mnist"
    levels = max(2, doublings - 1) if fashion else max(3, doublings)
    widths = tuple(width * min(2**level, _MOST_MULTIPLE) for level in range(levels))
    return LeNet(
        widths=widths,
        hidden=8 * width if fashion else 0,
        start=max(1, width // (2 if fashion else 4)),
        remade=widths[: doublings - 1 if fashion else doublings][::-1],
        doublings=doublings,
    )


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)


def _norms(widths: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(Norm(width, eps=_EPSILON, affine=False) for width in widths)


class LeNetEncoder(nn.Module):
    """Images to vectors: convolutions that keep the side, each pooled to half of it."""

    def __init__(self, channels: int, size: int, layers: LeNet, latent: int):
        super().__init__()
        ends = pairwise((channels, *layers.widths))
        self.convs = nn.ModuleList(_convolution(a, b) for a, b in ends)
        self.norms = _norms(layers.widths)
        values = layers.widths[-1] * (size >> len(layers.widths)) ** 2
        hidden = [layers.hidden] if layers.hidden else []
        dense = pairwise((values, *hidden, latent))
        self.dense = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in dense)
        self.dense_norms = nn.ModuleList(
            VectorNorm(each, eps=_EPSILON, affine=False) for each in hidden
        )

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, latent], no activation at the end."""
        values = images
        for conv, norm in zip(self.convs, self.norms, strict=True):
            values = F.leaky_relu(F.max_pool2d(norm(conv(values)), 2))
        values = values.flatten(1)
        for dense, norm in zip(self.dense[:-1], self.dense_norms, strict=True):
            values = F.leaky_relu(norm(dense(values)))
        vectors: Tensor = self.dense[-1](values)
        return vectors


class LeNetDecoder(nn.Module):
    """Vectors to images, for the pretraining alone; ends in tanh.

    Transposed convolutions of stride 1, as released, are convolutions.
    """

    def __init__(self, latent: int, layers: LeNet, channels: int):
        super().__init__()
        self.start, self.doublings = layers.start, layers.doublings
        numbers = layers.start * _START_SIDE**2
        self.dense = nn.Linear(latent, numbers, bias=False)
        self.dense_norm = VectorNorm(numbers, eps=_EPSILON, affine=False)
        ends = pairwise((layers.start, *layers.remade, channels))
        self.convs = nn.ModuleList(_convolution(a, b) for a, b in ends)
        self.norms = _norms(layers.remade)

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, latent] -> images [N, C, H, W] in [-1, 1]."""
        values = F.leaky_relu(self.dense_norm(self.dense(vectors)))
        values = values.view(len(values), self.start, _START_SIDE, _START_SIDE)
        for place, conv in enumerate(self.convs):
            if place >= len(self.convs) - self.doublings:
                values = F.interpolate(values, scale_factor=2.0)
            values = conv(values)
            if place < len(self.norms):
                values = F.leaky_relu(self.norms[place](values))
        return torch.tanh(values)


class Hypersphere(nn.Module):
    """The point that normal images are drawn to; nothing trains it."""

    centre: Tensor

    def __init__(self, latent: int):
        super().__init__()
        self.register_buffer("centre", torch.zeros(latent))

    def forward(self, vectors: Tensor) -> Tensor:
        """Squared distances to the centre: [N, latent] -> [N]."""
        return (vectors - self.centre).square().sum(1)


def centre_of(vectors: Tensor) -> Tensor:
    """The mean of [N, latent], its numbers pushed to 0.1 or -0.1 where they are nearer to 0.

    A number of the vector that should be 0 could be reached with weights of 0.
    """
    mean = vectors.mean(0)
    pushed = torch.where(mean < 0, -_NEAREST_TO_ZERO, _NEAREST_TO_ZERO)
    return torch.where(mean.abs() < _NEAREST_TO_ZERO, pushed, mean)
