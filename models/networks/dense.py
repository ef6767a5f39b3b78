"""Generator and discriminator with dense layers between strided ones, for images up to 32 x 32.

Zenati et al., "Efficient GAN-Based Anomaly Detection", ICLR workshops 2018, released code, after
DCGAN; there for 28 x 28. Larger images have the pyramids of `models.networks.latent`.
Layers have no bias where a norm follows, which would take it away again: its gradient is rounding
noise, on which Adam moves it all the same.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.networks.convolutional import Norm
from models.networks.latent import Critic, LatentDecoder

LARGEST = 32
"""The side up to which images have dense layers, and above which the pyramids."""


def leaky(values: Tensor) -> Tensor:
    """The slope of the released code."""
    return F.leaky_relu(values, 0.1)


class VectorNorm(Norm):
    """BatchNorm of vectors [N, C], as lanes can train it."""

    def forward(self, values: Tensor) -> Tensor:
        """[N, C] -> the same shape."""
        return super().forward(values[:, :, None, None])[:, :, 0, 0]


class DenseGenerator(nn.Module):
    """Vectors to images: two dense layers, then two doublings of the side; ends in tanh."""

    def __init__(self, latent: int, channels: int, width: int, size: int):
        super().__init__()
        self.side, self.channels = size // 4, 2 * width
        places = self.side**2 * self.channels
        self.dense = nn.ModuleList(
            nn.Linear(a, b, bias=False) for a, b in ((latent, 16 * width), (16 * width, places))
        )
        self.dense_norms = nn.ModuleList([VectorNorm(16 * width), VectorNorm(places)])
        self.up = nn.ConvTranspose2d(self.channels, width, 4, 2, 1, bias=False)
        self.norm = Norm(width)
        self.last = nn.ConvTranspose2d(width, channels, 4, 2, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """[N, latent] -> images [N, C, H, W] in [-1, 1]."""
        values = vectors
        for dense, norm in zip(self.dense, self.dense_norms, strict=True):
            values = torch.relu(norm(dense(values)))
        values = values.view(len(values), self.channels, self.side, self.side)
        values = torch.relu(self.norm(self.up(values)))
        return torch.tanh(self.last(values))


class DenseDiscriminator(nn.Module):
    """Images to features and a logit: two halvings of the side, then dense layers.

    With `norm` False it has no batch statistics, with `bias` False its logit has no bias.
    """

    def __init__(
        self, channels: int, width: int, size: int, *, norm: bool = True, bias: bool = True
    ):
        super().__init__()
        self.first = nn.Conv2d(channels, width, 4, 2, 1)
        self.second = nn.Conv2d(width, width, 4, 2, 1, bias=not norm)
        self.dense = nn.Linear(width * (size // 4) ** 2, 16 * width, bias=not norm)
        self.norm = Norm(width) if norm else nn.Identity()
        self.dense_norm = VectorNorm(16 * width) if norm else nn.Identity()
        self.last = nn.Linear(16 * width, 1, bias=bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] -> features [N, 16 width] and logits [N]."""
        values = leaky(self.norm(self.second(leaky(self.first(images)))))
        features = leaky(self.dense_norm(self.dense(values.flatten(1))))
        return features, self.last(features)[:, 0]


def generator(latent: int, channels: int, width: int, size: int) -> nn.Module:
    """The generator for images of this size: [N, latent] -> [N, C, H, W] in [-1, 1]."""
    kind = DenseGenerator if size <= LARGEST else LatentDecoder
    return kind(latent, channels, width, size)


def discriminator(
    channels: int, width: int, size: int, *, norm: bool = True, bias: bool = True
) -> nn.Module:
    """The discriminator for images of this size: images -> features and logits [N]."""
    if size > LARGEST:
        return Critic(channels, width, size, norm=norm)  # its logit has no bias
    return DenseDiscriminator(channels, width, size, norm=norm, bias=bias)
