"""The normal images that training may see, as a detector's `fit` is given them."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.pixels import chunk_of, scaled


class FitView:
    """The fit normals on the training device, N images, always in the same order."""

    def __init__(self, images: Tensor):
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def images(self, limit: int | None = None) -> Tensor:
        """The images, uint8 [N, C, H, W]; of more than `limit`, so many evenly spaced ones."""
        return self._images if limit is None else evenly_spaced(self._images, limit)

    def map(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """What `function` makes of all images, chunk by chunk: float [n, C, H, W] -> [n, ...].

        It is given floats in [-1, 1], never all of them at once.
        """
        chunks = torch.split(self._images, chunk_of(self._images.shape[-1]))
        return torch.cat([function(scaled(chunk)) for chunk in chunks])


def evenly_spaced(images: Tensor, limit: int) -> Tensor:
    """Every image, or `limit` of more than that [limit, ...]: always the same ones."""
    if len(images) <= limit:
        return images
    rows = torch.arange(limit, device=images.device) * len(images) // limit
    return images[rows]
