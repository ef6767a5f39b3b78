"""OMASGAN's generators and critics, and the bank of images that distances are measured to.

Dionelis, Jackson, Tsaftaris, Yaghoobi: "OMASGAN", SSPD 2022, released code. Shapes at width 64,
32 x 32: latent -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> C, and C -> 64x16x16 -> 128x8x8 ->
256x4x4 -> 512 -> 1. Each doubling of the side has one level more, channels up to eight times the
width. Layers have no bias where a norm follows, which would take it away again. Images of one
pixel, points, have dense networks.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.networks.convolutional import Norm
from models.networks.dense import VectorNorm
from models.networks.latent import SIDE, latent_widths
from models.networks.mlp import Mlp

_MOST_FLOATS = 2**26
"""Of the images of a bank: 256 MB."""
_GAIN = 0.1


def noise_length(latent: int, channels: int, size: int) -> int:
    """The numbers of a generator's noise: of points those of a point, to which it is added."""
    return channels if size == 1 else latent


class ImageGenerator(nn.Module):
    """Vectors to images, without an activation at the end: they may leave [-1, 1]."""

    def __init__(self, latent: int, channels: int, width: int, size: int):
        super().__init__()
        widths = latent_widths(width, 2 * size)[::-1]
        self.first = nn.Linear(latent, widths[0] * SIDE**2, bias=False)
        nn.init.xavier_uniform_(self.first.weight, gain=_GAIN)
        self.first_norm = VectorNorm(widths[0] * SIDE**2)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(Norm(each) for each in widths[1:])
        self.last = nn.Conv2d(widths[-1], channels, 3, 1, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, latent] -> [N, C, H, W]."""
        values = torch.relu(self.first_norm(self.first(vectors)))
        values = values.view(len(values), -1, SIDE, SIDE)
        for up, norm in zip(self.ups, self.norms, strict=True):
            values = torch.relu(norm(up(values)))
        images: Tensor = self.last(values)
        return images


class ImageCritic(nn.Module):
    """Images to one value each."""

    def __init__(self, channels: int, width: int, size: int):
        super().__init__()
        widths = latent_widths(width, size)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise((channels, *widths))
        )
        self.norms = nn.ModuleList(Norm(each) for each in widths)
        self.dense = nn.Linear(widths[-1] * SIDE**2, 8 * width, bias=False)
        self.dense_norm = VectorNorm(8 * width)
        self.last = nn.Linear(8 * width, 1)

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N]."""
        values = images
        for down, norm in zip(self.downs, self.norms, strict=True):
            values = F.elu(norm(down(values)))
        values = F.elu(self.dense_norm(self.dense(values.flatten(1))))
        verdicts: Tensor = self.last(values)
        return verdicts[:, 0].float()


class PointGenerator(Mlp):
    """Points to points: three hidden layers' move of the noise itself."""

    def __init__(self, channels: int, width: int):
        super().__init__((channels, width, width, width, channels))

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, C] -> [N, C, 1, 1]."""
        return (vectors + super().forward(vectors))[:, :, None, None]


class PointCritic(Mlp):
    """Points to one value each."""

    def __init__(self, channels: int, width: int):
        super().__init__((channels, width, width, width, 1))

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, 1, 1] -> [N]."""
        return super().forward(images.flatten(1))[:, 0].float()


class Bank(nn.Module):
    """`images` [Q, C, H, W], set as a stage starts, and the noise [Q, L] to make them of.

    Nothing of it is trained. A bank of large images has fewer than asked for.
    """

    latents: Tensor
    images: Tensor

    def __init__(self, latents: Tensor, shape: tuple[int, int, int]):
        super().__init__()
        count = min(len(latents), _MOST_FLOATS // (shape[0] * shape[1] * shape[2]))
        self.register_buffer("latents", latents[:count].clone())
        self.register_buffer("images", torch.zeros(count, *shape))


def generator(latent: int, channels: int, width: int, size: int) -> nn.Module:
    """The generator for images of this size: [N, noise_length] -> [N, C, H, W]."""
    if size == 1:
        return PointGenerator(channels, width)
    return ImageGenerator(latent, channels, width, size)


def critic(channels: int, width: int, size: int) -> nn.Module:
    """The critic for images of this size: [N, C, H, W] -> [N]."""
    return PointCritic(channels, width) if size == 1 else ImageCritic(channels, width, size)
