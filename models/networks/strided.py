"""4 x 4 convolutions that halve or double the side, by the library or as products of matrices.

The rules for CPUs stand here; benchmarks/layers.py sets those of lanes beside each layer's faster
way. What the lanes of a GPU take is measured there before a search (models/probes/layer_probe.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.networks.layer_ways import ways_in_lanes
from models.networks.windows import columns_of, image_of, rows_of, values_of

_LARGEST_PRODUCT = 2
"""The side up to which a deeper level is a product. From 4 x 4 places on the step takes longer with
products, in lanes about as long."""
_LEAST_CHANNELS = 16
"""From which on the first level is a product."""


@dataclass(frozen=True, order=True)
class LayerShape:
    """A strided layer as one model meets it: values [count, channels, side, side] -> width."""

    layer: str
    count: int
    channels: int
    width: int
    side: int

    def __str__(self) -> str:
        side = self.side
        return f"{self.layer} {self.count}x{self.channels}x{side}x{side} to {self.width}"


_MET: ContextVar[set[LayerShape] | None] = ContextVar("_MET", default=None)


@contextmanager
def layers_met() -> Iterator[set[LayerShape]]:
    """The shapes of all strided layers that run inside."""
    met: set[LayerShape] = set()
    token = _MET.set(met)
    try:
        yield met
    finally:
        _MET.reset(token)


def _by_library(layer: nn.Conv2d | nn.ConvTranspose2d, values: Tensor, rule: bool) -> bool:
    """Whether a layer is left to the library: as was measured for its shape, else by the rule."""
    met = _MET.get()
    if met is None and not ways_in_lanes():
        return rule
    shape = LayerShape(
        layer=type(layer).__name__,
        count=len(values),
        channels=layer.in_channels,
        width=layer.out_channels,
        side=values.shape[-1],
    )
    if met is not None:
        met.add(shape)
    way = ways_in_lanes().get(str(shape))
    return rule if way is None else way == "library"


def _deep_rule(values: Tensor, small_side: int) -> bool:
    """Whether the library is faster at a deeper level, where nothing else was measured."""
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

    halves: ClassVar[bool] = True

    def __init__(self, channels: int, width: int):
        super().__init__(channels, width, 4, 2, 1, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, width, H/2, W/2]."""
        count, _, height, width = values.shape
        if _by_library(self, values, _deep_rule(values, height // 2)):
            return super().forward(values)
        rows = rows_of(values) @ self.weight.permute(0, 2, 3, 1).flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class Doubling(nn.ConvTranspose2d):
    """The mirror of `Halving`."""

    halves: ClassVar[bool] = False

    def __init__(self, width: int, channels: int):
        super().__init__(width, channels, 4, 2, 1, bias=False)

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        count, _, height, width = values.shape
        if _by_library(self, values, _deep_rule(values, height)):
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
        if _by_library(self, images, images.is_cuda or not torch.is_grad_enabled() or narrow):
            return nn.Conv2d.forward(self, images)
        count, _, height, width = images.shape
        rows = columns_of(images).t() @ self.weight.flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class ToImage(Doubling):
    """The mirror of `FromImage`: doubles the side and ends in an image of few channels."""

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        if _by_library(self, values, values.is_cuda):
            return nn.ConvTranspose2d.forward(self, values)
        count, _, height, width = values.shape
        columns = self.weight.flatten(1).t() @ _places(values).t()
        shape = (count, self.out_channels, 2 * height, 2 * width)
        return image_of(columns, shape)


def _places(values: Tensor) -> Tensor:
    """[N, C, H, W] -> [N H W, C]."""
    return values.permute(0, 2, 3, 1).flatten(0, 2)


STRIDED: dict[str, type[Halving | Doubling]] = {
    kind.__name__: kind for kind in (Halving, Doubling, FromImage, ToImage)
}
"""By the name that a `LayerShape` gives; each takes channels in and out."""
