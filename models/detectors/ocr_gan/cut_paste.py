"""Pseudo-anomalies: images with a piece of themselves pasted elsewhere, its colours changed a bit.

Li, Sohn, Yoon, Pfister: "CutPaste", CVPR 2021, with the areas and colours of OCR-GAN's code. All by
uniform random numbers, comparisons and one gather, so that every image has a piece of its own.
"""

import math

import torch
from torch import Tensor

NUMBERS = 10
"""Uniform random numbers for an image: six of the piece's shape and places, four of its colours."""
_LEAST_AREA = 0.02
_LEAST_ASPECT = 0.3


def cut_paste(images: Tensor, uniform: Tensor, most_area: Tensor, jitter: Tensor) -> Tensor:
    """Images [N, C, H, W] in [-1, 1] and numbers [N, 10] from 0 to 1 -> the images with a paste.

    The piece has from 2% to `most_area` of the image, and 0.3 to 3.3 times its height as width.
    """
    area, aspect, from_y, from_x, to_y, to_x = uniform[:, :6].unbind(1)
    height, width = images.shape[-2:]
    pixels = height * width * (_LEAST_AREA + area * (most_area - _LEAST_AREA))
    ratio = _LEAST_ASPECT + aspect * (1 / _LEAST_ASPECT - _LEAST_ASPECT)
    source_rows, to_rows = _lines((pixels / ratio).sqrt(), from_y, to_y, height)
    source_columns, to_columns = _lines((pixels * ratio).sqrt(), from_x, to_x, width)
    pasted = (to_rows[:, :, None] & to_columns[:, None, :])[:, None]
    source = source_rows[:, :, None] * width + source_columns[:, None, :]
    places = source.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    piece = images.flatten(2).gather(2, places).view_as(images)
    return torch.where(pasted, _recoloured(piece, pasted, uniform[:, 6:], jitter), images)


def _lines(length: Tensor, start: Tensor, end: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Along one side: where each line's values come from [N, side], and which lines are pasted.

    `length` is the piece's [N]; it lies at the share `start` of the room for it and goes to `end`.
    """
    length = length.round().clamp(1, side)
    room = side - length
    start = torch.minimum((start * (room + 1)).floor(), room)[:, None]
    end = torch.minimum((end * (room + 1)).floor(), room)[:, None]
    lines = torch.arange(side, device=length.device)
    pasted = (lines >= end) & (lines < end + length[:, None])
    return (lines - end + start).clamp(0, side - 1).long(), pasted


def _recoloured(piece: Tensor, pasted: Tensor, uniform: Tensor, jitter: Tensor) -> Tensor:
    """Brightness, contrast, saturation and hue changed by up to `jitter`, in this order."""
    change = jitter * (2 * uniform[:, :, None, None, None] - 1)
    brightness, contrast, saturation, hue = change.unbind(1)
    values = (((piece + 1) / 2) * (1 + brightness)).clamp(0, 1)
    grey = _grey(values)
    mean = (grey * pasted).sum((2, 3), keepdim=True) / pasted.sum((2, 3), keepdim=True)
    values = (mean + (1 + contrast) * (values - mean)).clamp(0, 1)
    if piece.shape[1] == 3:
        grey = _grey(values)
        values = (grey + (1 + saturation) * (values - grey)).clamp(0, 1)
        values = _turned(values, 2 * math.pi * hue).clamp(0, 1)
    return 2 * values - 1


def _grey(values: Tensor) -> Tensor:
    """The brightness that people see [N, 1, H, W]."""
    if values.shape[1] == 1:
        return values
    red, green, blue = values.unbind(1)
    return (0.299 * red + 0.587 * green + 0.114 * blue)[:, None]


def _turned(values: Tensor, angle: Tensor) -> Tensor:
    """Colours [N, 3, H, W] turned about the axis of greys."""
    mean = values.mean(1, keepdim=True)
    across = (values.roll(1, 1) - values.roll(-1, 1)) / math.sqrt(3)
    return mean + (values - mean) * angle.cos() + across * angle.sin()
