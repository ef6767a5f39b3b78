"""The encoder and the joint discriminator of EGBAD.

Zenati et al. (2018), released code; there for 28 x 28. Larger images than those of
`models.networks.dense` have the encoder of `models.networks.latent`, and in the discriminator the
levels of its pyramid.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from models.detectors.model import Tensors
from models.networks.convolutional import Norm
from models.networks.dense import LARGEST, leaky
from models.networks.dropout import dropout_factors
from models.networks.latent import LatentEncoder, latent_widths

_VECTOR, _JOINT = "vector", "joint"


class DenseEncoder(nn.Module):
    """Images to vectors: three convolutions, the last two halving the side, then a dense layer."""

    def __init__(self, channels: int, width: int, size: int, latent: int):
        super().__init__()
        first = width // 2
        self.first = nn.Conv2d(channels, first, 3, 1, 1)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, 2, 1, bias=False) for a, b in pairwise((first, width, 2 * width))
        )
        self.norms = nn.ModuleList(Norm(each) for each in (width, 2 * width))
        self.last = nn.Linear(2 * width * (size // 4) ** 2, latent)

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, latent]."""
        values = leaky(self.first(images))
        for conv, norm in zip(self.convs, self.norms, strict=True):
            values = leaky(norm(conv(values)))
        vectors: Tensor = self.last(values.flatten(1))
        return vectors


def encoder(channels: int, width: int, size: int, latent: int) -> nn.Module:
    """The encoder for images of this size: [N, C, H, W] -> [N, latent]."""
    kind = DenseEncoder if size <= LARGEST else LatentEncoder
    return kind(channels, width, size, latent)


def _image_widths(width: int, size: int) -> tuple[int, ...]:
    """Channels of the levels that see the image; each halves its side."""
    return (width, width) if size <= LARGEST else latent_widths(width, size)


def dropped_shapes(width: int, size: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the layers that dropout follows, by name."""
    images = {
        f"image_{level}": (channels, size // 2**level, size // 2**level)
        for level, channels in enumerate(_image_widths(width, size), start=1)
    }
    return {**images, _VECTOR: (8 * width,), _JOINT: (16 * width,)}


def dropout_masks(uniform: Tensors, rate: Tensor) -> Tensors:
    """What layers are multiplied by: 0 with probability `rate`, else 1 / (1 - rate).

    Of numbers from 0 to 1, by layer.
    """
    return {layer: dropout_factors(numbers, rate) for layer, numbers in uniform.items()}


class JointDiscriminator(nn.Module):
    """Judges pairs of an image and a latent vector; it also shows its last features."""

    def __init__(self, channels: int, width: int, size: int, latent: int):
        super().__init__()
        widths = _image_widths(width, size)
        deeper = (nn.Conv2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise(widths))
        self.convs = nn.ModuleList([nn.Conv2d(channels, widths[0], 4, 2, 1), *deeper])
        self.norms = nn.ModuleList(Norm(each) for each in widths[1:])
        self.vector = nn.Linear(latent, 8 * width)
        places = (size // 2 ** len(widths)) ** 2
        self.joint = nn.Linear(widths[-1] * places + 8 * width, 16 * width)
        self.last = nn.Linear(16 * width, 1)

    def forward(
        self, images: Tensor, vectors: Tensor, masks: Tensors | None = None
    ) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] and [N, latent] -> features [N, 16 width] and logits [N].

        `masks` [N, *shape] are of `dropped_shapes`; without them nothing is dropped.
        """

        def kept(values: Tensor, layer: str) -> Tensor:
            return values if masks is None else values * masks[layer]

        seen = kept(leaky(self.convs[0](images)), "image_1")
        for level, (conv, norm) in enumerate(zip(self.convs[1:], self.norms, strict=True), start=2):
            seen = kept(leaky(norm(conv(seen))), f"image_{level}")
        vector = kept(leaky(self.vector(vectors)), _VECTOR)
        both = torch.cat([seen.flatten(1), vector], 1)
        features = kept(leaky(self.joint(both)), _JOINT)
        return features, self.last(features)[:, 0]
