"""The windows of 4 x 4 convolutions with stride 2, and their adding up: for products of matrices.

The gradient of each function is its mirror, so that nothing is kept for the backward pass.
"""

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor


class _Windows(torch.autograd.Function):
    """The 4 x 4 windows at every second place of images with a border of zeros, as columns.

    [N, C, H, W] -> [C 4 4, N H/2 W/2]. Its gradient is `_Overlap`, and the other way round.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(images: Tensor) -> Tensor:
        windows = F.pad(images, (1, 1, 1, 1)).unfold(2, 4, 2).unfold(3, 4, 2)
        return windows.permute(1, 4, 5, 0, 2, 3).flatten(3).flatten(0, 2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.shape = inputs[0].shape

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return cast(Tensor, _Overlap.apply(gradient, *ctx.shape))


class _Overlap(torch.autograd.Function):
    """Adds windows up where they lie in the images: [C 4 4, N H/2 W/2] -> [N, C, H, W]."""

    generate_vmap_rule = True

    @staticmethod
    def forward(columns: Tensor, count: int, channels: int, height: int, width: int) -> Tensor:
        rows, places = height // 2, width // 2
        # A window covers 2 x 2 blocks of 2 x 2 pixels.
        blocks = columns.reshape(channels, 2, 2, 2, 2, count, rows, places)
        total = columns.new_zeros(channels, 2, 2, count, rows + 1, places + 1)
        for down in (0, 1):
            for right in (0, 1):
                part = total[..., down : down + rows, right : right + places]
                part += blocks[:, down, :, right]
        padded = total.permute(3, 0, 4, 1, 5, 2).reshape(count, channels, height + 2, width + 2)
        return padded[..., 1:-1, 1:-1]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        return cast(Tensor, _Windows.apply(gradient)), None, None, None, None


class _WindowsLast(torch.autograd.Function):
    """`_Windows` of channels_last values, as rows: [N, C, H, W] -> [N H/2 W/2, 4 4 C]."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor) -> Tensor:
        channels = values.shape[1]
        lines = F.pad(values.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).flatten(2)
        windows = lines.unfold(1, 4, 2).unfold(2, 4 * channels, 2 * channels)
        return windows.flatten(3).flatten(0, 2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.shape = inputs[0].shape

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return cast(Tensor, _OverlapLast.apply(gradient, *ctx.shape))


class _OverlapLast(torch.autograd.Function):
    """`_Overlap` into channels_last values: [N H/2 W/2, 4 4 C] -> [N, C, H, W]."""

    generate_vmap_rule = True

    @staticmethod
    def forward(windows: Tensor, count: int, channels: int, height: int, width: int) -> Tensor:
        rows, places = height // 2, width // 2
        blocks = windows.reshape(count, rows, places, 2, 2, 2, 2 * channels)
        total = windows.new_zeros(count, rows + 1, 2, places + 1, 2 * channels)
        for down in (0, 1):
            for right in (0, 1):
                part = total[:, down : down + rows, :, right : right + places]
                part += blocks[:, :, :, down, :, right].transpose(2, 3)
        padded = total.reshape(count, height + 2, width + 2, channels)
        return padded[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        return cast(Tensor, _WindowsLast.apply(gradient)), None, None, None, None


def columns_of(images: Tensor) -> Tensor:
    """The windows of images with a border of zeros: [N, C, H, W] -> [C 4 4, N H/2 W/2]."""
    return cast(Tensor, _Windows.apply(images))


def image_of(columns: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Windows added up where they lie in images of `shape`: the mirror of `columns_of`."""
    return cast(Tensor, _Overlap.apply(columns, *shape))


def rows_of(values: Tensor) -> Tensor:
    """`columns_of` for channels_last values: [N, C, H, W] -> [N H/2 W/2, 4 4 C]."""
    return cast(Tensor, _WindowsLast.apply(values))


def values_of(rows: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Windows added up where they lie in values of `shape`: the mirror of `rows_of`."""
    return cast(Tensor, _OverlapLast.apply(rows, *shape))
