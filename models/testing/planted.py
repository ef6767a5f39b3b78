"""Images that are made in a moment: smooth blobs, and the same with a bright square somewhere."""

import torch
from torch import Tensor

from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing

_BRIGHTEST = 160.0
"""Of a blob; squares are 255."""


def planted_data(
    *,
    size: int = 16,
    channels: int = 1,
    normals: int = 16,
    known: int = 4,
    judged: int = 16,
    seed: int = 0,
) -> TrainingData:
    """So many normals and known anomalies to fit, and `judged` of each kind to validate."""
    generator = torch.Generator().manual_seed(seed)

    def images(normal: int, anomalous: int) -> LabelledImages:
        made = _blobs(normal + anomalous, channels, size, generator)
        _plant(made[normal:], generator)
        labels = torch.arange(len(made)) >= normal
        return LabelledImages(images=made, anomalous=labels, classes=labels.long())

    return TrainingData(
        fit=images(normals, known),
        validation=images(judged, judged),
        preprocessing=Preprocessing(size=size, channels=channels),
    )


def _blobs(count: int, channels: int, size: int, generator: torch.Generator) -> Tensor:
    """A Gaussian near the middle of each image, of a width and brightness of its own."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)

    places = (torch.arange(size) + 0.5) / size
    down, across = places[:, None] - between(0.45, 0.55), places[None, :] - between(0.45, 0.55)
    width, bright = between(0.2, 0.25), between(0.8, 1.0)
    blob = bright * torch.exp(-(down.square() + across.square()) / (2 * width.square()))
    tint = 1 - 0.3 * torch.arange(channels)[None, :, None, None] / max(1, channels - 1)
    return (_BRIGHTEST * blob * tint).to(torch.uint8)


def _plant(images: Tensor, generator: torch.Generator) -> None:
    """Put a square of a quarter of the side somewhere into each image, in place."""
    size = images.shape[-1]
    side = max(1, 3 * size // 8)
    corners = torch.randint(size - side + 1, (len(images), 2), generator=generator)
    for image, (top, left) in zip(images, corners.tolist(), strict=True):
        image[:, top : top + side, left : left + side] = 255
