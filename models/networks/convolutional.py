"""Strided convolution pyramids: the encoder and decoder that the detectors share.

Kim, Jeong, Choi, Seo: "GAN-based anomaly detection in imbalance problems", ECCV workshops 2020.
Shapes at width 64: 1x32x32 -> 64x16x16 -> 128x8x8 -> 256x4x4 -> 512x2x2 and back.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.networks.mapped import in_lanes
from models.networks.strided import Doubling, FromImage, Halving, ToImage
from models.requirements import PYRAMID_SIZES, Requirements

_MULTIPLES = (1, 2, 4, 8)
_MULTIPLES_256 = (1, 2, 4, 4, 4, 8)

Activation = Callable[[Tensor], Tensor]


def leaky_relu(values: Tensor) -> Tensor:
    """The slope of DCGAN."""
    return F.leaky_relu(values, 0.2)


ACTIVATIONS: dict[str, tuple[Activation, Activation]] = {
    "leaky": (leaky_relu, torch.relu),
    "tanh": (torch.tanh, torch.tanh),
}
"""By name: the encoder's and the decoder's."""


def pyramid_widths(width: int, size: int) -> tuple[int, ...]:
    """Channels of each level, for images of `size` x `size`; ValueError for other sizes."""
    if problem := Requirements(sizes=PYRAMID_SIZES).size_problem(size):
        raise ValueError(problem)
    multiples = _MULTIPLES_256 if size == 256 else _MULTIPLES
    return tuple(width * multiple for multiple in multiples)


class Norm(nn.BatchNorm2d):
    """BatchNorm that lanes can train in bfloat16, and on a GPU in any memory order.

    Mapped over lanes, torch gives the library weights in the format of the values beside float32
    statistics, which its backward pass refuses unless both are the same. And a GPU's BatchNorm asks
    for the values' memory order, which torch does not tell of mapped values unless it is the plain
    one.
    """

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape, in lanes float32."""
        if not in_lanes():
            return super().forward(values)
        values = values.float()
        if values.is_cuda and values.stride(1) == 1:  # taken for channels_last, at 1 x 1 places too
            values = values.clone(memory_format=torch.contiguous_format)
        return super().forward(values)


def halving_convolutions(channels: int, widths: Sequence[int]) -> nn.ModuleList:
    """A stride-2 convolution for each level, from an image on."""
    deeper = [Halving(a, b) for a, b in pairwise(widths)]
    return nn.ModuleList([FromImage(channels, widths[0]), *deeper])


class Encoder(nn.Module):
    """Halves the side at every level; returns the features of all levels, the latent last.

    Without `deepest_norm` the latent has no batch statistics.
    """

    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        activation: Activation,
        *,
        deepest_norm: bool = True,
    ):
        super().__init__()
        self.convs = halving_convolutions(channels, widths)
        self.norms = nn.ModuleList(Norm(width) for width in widths[1:])
        if not deepest_norm:
            self.norms[-1] = nn.Identity()
        self.activation = activation

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, C, H, W] -> features [N, widths[i], H / 2^(i+1), W / 2^(i+1)]."""
        features = [self.activation(self.level(0, images))]
        for number in range(1, len(self.convs)):
            features.append(self.activation(self.level(number, features[-1])))
        return features

    def level(self, number: int, values: Tensor) -> Tensor:
        """What a level makes of the features above it, before its activation."""
        made: Tensor = self.convs[number](values)
        return self.norms[number - 1](made) if number else made


class Decoder(nn.Module):
    """Mirrors the encoder; with `skips` each level also sees the encoder's features of its size."""

    def __init__(self, channels: int, widths: Sequence[int], activation: Activation, skips: bool):
        super().__init__()
        outputs = [*reversed(widths[:-1]), channels]
        inputs = [widths[-1], *((2 if skips else 1) * width for width in outputs[:-1])]
        ends = zip(inputs[:-1], outputs[:-1], strict=True)
        self.convs = nn.ModuleList(Doubling(a, b) for a, b in ends)
        self.convs.append(ToImage(inputs[-1], channels))
        self.norms = nn.ModuleList(Norm(width) for width in outputs[:-1])
        self.activation = activation
        self.skips = skips

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """All levels' features -> images [N, C, H, W] in [-1, 1]."""
        values = features[-1]
        below = reversed(features[:-1])
        for conv, norm, skip in zip(self.convs, self.norms, below, strict=False):
            values = self.activation(norm(conv(values)))
            if self.skips:
                values = torch.cat([values, skip], 1)
        return torch.tanh(self.convs[-1](values))


def initialise_dcgan(network: nn.Module) -> None:
    """DCGAN's start: convolution weights N(0, 0.02), BatchNorm weights N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
