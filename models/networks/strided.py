"""4 x 4 convolutions that halve or double the side, by the library or as products of matrices.

Products are faster at some levels in training on a CPU. On a GPU the library computes all.
"""

import torch
from torch import Tensor, nn

from models.networks.windows import columns_of, image_of, rows_of, values_of

_LARGEST_PRODUCT = 2
"""The side up to which a deeper level is a product. From 4 x 4 places on the step takes longer with
products, in lanes about as long."""
_LEAST_CHANNELS = 16
"""From which on the first level is a product."""


def _deeper_by_library(values: Tensor, small_side: int) -> bool:
    """Whether a deeper level is left to the library."""
    return (
        values.is_cuda
        or not torch.is_grad_enabled()
        or torch.is_autocast_enabled(values.device.type)
        or small_side > _LARGEST_PRODUCT
    )


class Halving(nn.Conv2d):
    """Halves the side, by a 4 x 4 convolution.

    In training on a CPU the lowest levels are written as a matrix product: the library's backward
    pass for so few places takes almost twice as long.
    """

    def __init__(self, channels: int, width: int):
        super().__init__(channels, width, 4, 2, 1, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, width, H/2, W/2]."""
        count, _, height, width = values.shape
        if _deeper_by_library(values, height // 2):
            return super().forward(values)
        rows = rows_of(values) @ self.weight.permute(0, 2, 3, 1).flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class Doubling(nn.ConvTranspose2d):
    """The mirror of `Halving`."""

    def __init__(self, width: int, channels: int):
        super().__init__(width, channels, 4, 2, 1, bias=False)

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        count, _, height, width = values.shape
        if _deeper_by_library(values, height):
            return super().forward(values)
        windows = _places(values) @ self.weight.permute(0, 2, 3, 1).flatten(1)
        shape = (count, self.out_channels, 2 * height, 2 * width)
        return values_of(windows, shape)


class FromImage(Halving):
    """Halves the side of an image of few channels.

    In training on a CPU it is a matrix product too, with the windows in columns, from 16 channels
    on: the library's backward pass takes three times as long at 32. At 8 the library is faster.
    """

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, width, H/2, W/2]."""
        narrow = self.out_channels < _LEAST_CHANNELS
        if images.is_cuda or not torch.is_grad_enabled() or narrow:
            return nn.Conv2d.forward(self, images)
        count, _, height, width = images.shape
        rows = columns_of(images).t() @ self.weight.flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class ToImage(Doubling):
    """The mirror of `FromImage`: doubles the side and ends in an image of few channels."""

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        if values.is_cuda:
            return nn.ConvTranspose2d.forward(self, values)
        count, _, height, width = values.shape
        columns = self.weight.flatten(1).t() @ _places(values).t()
        shape = (count, self.out_channels, 2 * height, 2 * width)
        return image_of(columns, shape)


def _places(values: Tensor) -> Tensor:
    """[N, C, H, W] -> [N H W, C]."""
    return values.permute(0, 2, 3, 1).flatten(0, 2)
