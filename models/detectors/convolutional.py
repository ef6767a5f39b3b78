"""Strided convolution pyramids: the encoder and decoder that the detectors share.

Kim, Jeong, Choi, Seo: "GAN-based anomaly detection in imbalance problems", ECCV workshops 2020.
Shapes at width 64: 1x32x32 -> 64x16x16 -> 128x8x8 -> 256x4x4 -> 512x2x2 and back.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.lane_context import in_lanes
from models.requirements import PYRAMID_SIZES, Requirements

_LARGEST_PRODUCT, _LARGEST_IN_LANES = 4, 2
"""Sides up to which a deeper level is a matrix product: alone, and in lanes, whose products are
batched and whose convolutions are grouped: there the library is 10 to 15% faster at 8 and 16
channels and 4 x 4 places, as fast at 32."""

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


def _library_is_faster(values: Tensor, small_side: int) -> bool:
    """Whether a deeper level is left to the library's convolution."""
    return (
        values.is_cuda
        or not torch.is_grad_enabled()
        or torch.is_autocast_enabled(values.device.type)
        or small_side > (_LARGEST_IN_LANES if in_lanes() else _LARGEST_PRODUCT)
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
        if _library_is_faster(values, height // 2):
            return super().forward(values)
        windows = cast(Tensor, _WindowsLast.apply(values))
        rows = windows @ self.weight.permute(0, 2, 3, 1).flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class Doubling(nn.ConvTranspose2d):
    """The mirror of `Halving`."""

    def __init__(self, width: int, channels: int):
        super().__init__(width, channels, 4, 2, 1, bias=False)

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        count, _, height, width = values.shape
        if _library_is_faster(values, height):
            return super().forward(values)
        windows = _rows(values) @ self.weight.permute(0, 2, 3, 1).flatten(1)
        shape = (count, self.out_channels, 2 * height, 2 * width)
        return cast(Tensor, _OverlapLast.apply(windows, *shape))


class FromImage(Halving):
    """Halves the side of an image of few channels.

    In training one model on a CPU it is a matrix product too, with the windows in columns: the
    library's backward pass for so few channels takes three times as long at 32 channels. In lanes
    the library is faster, by up to a quarter of the whole step at 8 channels.
    """

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, width, H/2, W/2]."""
        if images.is_cuda or not torch.is_grad_enabled() or in_lanes():
            return nn.Conv2d.forward(self, images)
        count, _, height, width = images.shape
        rows = cast(Tensor, _Windows.apply(images)).t() @ self.weight.flatten(1).t()
        return rows.view(count, height // 2, width // 2, -1).permute(0, 3, 1, 2)


class ToImage(Doubling):
    """The mirror of `FromImage`: doubles the side and ends in an image of few channels."""

    def forward(self, values: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, width, H, W] -> [N, C, 2H, 2W]."""
        if values.is_cuda:
            return nn.ConvTranspose2d.forward(self, values)
        count, _, height, width = values.shape
        columns = self.weight.flatten(1).t() @ _rows(values).t()
        shape = (count, self.out_channels, 2 * height, 2 * width)
        return cast(Tensor, _Overlap.apply(columns, *shape))


def _rows(values: Tensor) -> Tensor:
    """[N, C, H, W] -> [N H W, C]."""
    return values.permute(0, 2, 3, 1).flatten(0, 2)


class Norm(nn.BatchNorm2d):
    """BatchNorm that lanes can train in bfloat16.

    Mapped over lanes, torch gives the library weights in the format of the values beside float32
    statistics, which its backward pass refuses unless both are the same.
    """

    def forward(self, values: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape, in lanes float32."""
        return super().forward(values.float() if in_lanes() else values)


def halving_convolutions(channels: int, widths: Sequence[int]) -> nn.ModuleList:
    """A stride-2 convolution for each level, from an image on."""
    deeper = [Halving(a, b) for a, b in pairwise(widths)]
    return nn.ModuleList([FromImage(channels, widths[0]), *deeper])


class Encoder(nn.Module):
    """Halves the side at every level; returns the features of all levels, the latent last."""

    def __init__(self, channels: int, widths: Sequence[int], activation: Activation):
        super().__init__()
        self.convs = halving_convolutions(channels, widths)
        self.norms = nn.ModuleList(Norm(width) for width in widths[1:])
        self.activation = activation

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, C, H, W] -> features [N, widths[i], H / 2^(i+1), W / 2^(i+1)]."""
        features = [self.activation(self.convs[0](images))]
        for conv, norm in zip(self.convs[1:], self.norms, strict=True):
            features.append(self.activation(norm(conv(features[-1]))))
        return features


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
