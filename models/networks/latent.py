"""Pyramids between images and latent vectors: the encoder and decoder of GANomaly and of DCGANs.

Akcay, Atapour-Abarghouei, Breckon: "GANomaly", ACCV 2018, released code. Shapes at width 64 and
latent 100: 1x32x32 -> 64x16x16 -> 128x8x8 -> 256x4x4 -> 100 and back. Each doubling of the image's
side has one level more; channels double up to eight times the width, where the paper's go on.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.networks.convolutional import Norm, halving_convolutions, leaky_relu
from models.networks.strided import Doubling, ToImage

SIDE = 4
"""Of the smallest features."""
_MOST_MULTIPLE = 8


def latent_widths(width: int, size: int, smallest: int = SIDE) -> tuple[int, ...]:
    """Channels of each level of a pyramid that ends in `smallest` x `smallest` places."""
    levels = int(math.log2(size // smallest))
    return tuple(width * min(2**level, _MOST_MULTIPLE) for level in range(levels))


class WholeImage(nn.Conv2d):
    """A 4 x 4 convolution over 4 x 4 places, so one vector for them: computed as a product.

    The library takes three to four times as long for it on a CPU.
    """

    def __init__(self, channels: int, outputs: int, bias: bool = False):
        super().__init__(channels, outputs, SIDE, bias=bias)

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, 4, 4] -> [N, outputs]."""
        rows = (
            values.permute(0, 2, 3, 1).flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten(1).t()
        )
        return rows if self.bias is None else rows + self.bias


class FromVector(nn.ConvTranspose2d):
    """The mirror of `WholeImage`: a vector to 4 x 4 places."""

    def __init__(self, inputs: int, channels: int):
        super().__init__(inputs, channels, SIDE, bias=False)

    def forward(self, vectors: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, inputs] -> [N, C, 4, 4]."""
        places = vectors @ self.weight.permute(0, 2, 3, 1).flatten(1)
        return places.view(len(vectors), SIDE, SIDE, self.out_channels).permute(0, 3, 1, 2)


class SameSide(nn.Module):
    """A 3 x 3 convolution with batch statistics that keeps side and channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = Norm(channels)

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape; no activation after it."""
        same: Tensor = self.norm(self.conv(values))
        return same


class LatentEncoder(nn.Module):
    """Halves the side down to 4 x 4, then one vector of `outputs` numbers; no activation after it.

    With `norm` False it has no batch statistics. `extra` layers keep the side of the first level.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        size: int,
        outputs: int,
        *,
        norm: bool = True,
        extra: int = 0,
    ):
        super().__init__()
        widths = latent_widths(width, size)
        self.convs = halving_convolutions(channels, widths)
        self.extra = nn.ModuleList(SameSide(width) for _ in range(extra))
        self.norms = nn.ModuleList(Norm(each) if norm else nn.Identity() for each in widths[1:])
        self.last = WholeImage(widths[-1], outputs)

    def features(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> the last features [N, widths[-1], 4, 4]."""
        values = leaky_relu(self.convs[0](images))
        for same in self.extra:
            values = leaky_relu(same(values))
        for conv, norm in zip(self.convs[1:], self.norms, strict=True):
            values = leaky_relu(norm(conv(values)))
        return values

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, outputs]."""
        vectors: Tensor = self.last(self.features(images))
        return vectors


class LatentDecoder(nn.Module):
    """The mirror of `LatentEncoder`; ends in tanh."""

    def __init__(self, latent: int, channels: int, width: int, size: int, *, extra: int = 0):
        super().__init__()
        widths = latent_widths(width, size)[::-1]
        self.first = FromVector(latent, widths[0])
        self.convs = nn.ModuleList(Doubling(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(Norm(each) for each in widths)
        self.extra = nn.ModuleList(SameSide(width) for _ in range(extra))
        self.last = ToImage(widths[-1], channels)

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, latent] -> images [N, C, H, W] in [-1, 1]."""
        values = torch.relu(self.norms[0](self.first(vectors)))
        for conv, norm in zip(self.convs, self.norms[1:], strict=True):
            values = torch.relu(norm(conv(values)))
        for same in self.extra:
            values = torch.relu(same(values))
        return torch.tanh(self.last(values))


class Critic(LatentEncoder):
    """The discriminator of GANomaly: it also shows its last features, the paper's f."""

    def __init__(self, channels: int, width: int, size: int, *, norm: bool = True, extra: int = 0):
        super().__init__(channels, width, size, 1, norm=norm, extra=extra)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """[N, C, H, W] -> features [N, widths[-1], 4, 4] and logits [N]."""
        features = self.features(images)
        return features, self.last(features)[:, 0]


class FeatureCritic(LatentEncoder):
    """The discriminator of Skip-GANomaly: its features are a vector, and a logit is seen in it.

    The paper's last layer, a 3 x 3 convolution over one place, sees it with its middle alone.
    """

    def __init__(self, channels: int, width: int, size: int, features: int):
        super().__init__(channels, width, size, features)
        self.verdict = nn.Conv2d(features, 1, 1, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """[N, C, H, W] -> features [N, features] and logits [N]."""
        vectors = super().forward(images)
        return vectors, self.verdict(vectors[:, :, None, None]).flatten()
