"""A picture with its anomaly map laid over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from models.data.decoding import decode_native
from models.data.preprocessing import Preprocessing

LONGEST = 1024
"""The long side of a heat map at most, in pixels."""
_SEEN_FROM, _FULL_AT = 0.5, 2.0
"""Of the map, where 1 is what the highest 0.1% of normal pixels reach."""
_MOST_COVER = 0.7
_FAINT, _FULL = (255.0, 220.0, 0.0), (255.0, 0.0, 0.0)


def draw(picture: Path, anomaly_map: Tensor, preprocessing: Preprocessing, path: Path) -> None:
    """Write the overlay of a picture as PNG, in its own size up to `LONGEST`.

    Raises:
        Unreadable: the picture cannot be decoded any more.
    """
    colour = Preprocessing(
        size=preprocessing.size, channels=3, resize=preprocessing.resize, bits=preprocessing.bits
    )
    native = decode_native(picture, colour)
    height, width = native.shape[1:]
    pixels = native.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    shown = Image.fromarray(pixels.contiguous().numpy())
    shown.thumbnail((LONGEST, LONGEST))
    on_picture = map_on_picture(anomaly_map, height, width, preprocessing)
    map_shown = in_size(on_picture, shown.height, shown.width)
    overlaid = overlay(np.asarray(shown), map_shown.numpy())
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(overlaid).save(path, format="PNG", compress_level=3)


def overlay(picture: NDArray[np.uint8], anomaly_map: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour a picture [H, W, 3] where its map [H, W] is high: faintly yellow, then red.

    One scale for all pictures: what is usual among normal ones stays as it is.
    """
    strength = np.clip((anomaly_map - _SEEN_FROM) / (_FULL_AT - _SEEN_FROM), 0, 1)[..., None]
    colour = (1 - strength) * np.array(_FAINT) + strength * np.array(_FULL)
    cover = _MOST_COVER * strength
    mixed: NDArray[np.uint8] = ((1 - cover) * picture + cover * colour).round().astype(np.uint8)
    return mixed


def in_size(anomaly_map: Tensor, height: int, width: int) -> Tensor:
    """The map [h, w] as [height, width]; antialiased where that is smaller: no mark falls out."""
    smaller = height < anomaly_map.shape[0] or width < anomaly_map.shape[1]
    shape = (height, width)
    return F.interpolate(anomaly_map[None, None], shape, mode="bilinear", antialias=smaller)[0, 0]


def map_on_picture(
    anomaly_map: Tensor, height: int, width: int, preprocessing: Preprocessing
) -> Tensor:
    """The map [S, S] where the picture is that was preprocessed: [h, w] of the picture's shape.

    The borders that `pad` adds are cut off; what `crop` cuts off, of which nothing is known, is 0.
    """
    if preprocessing.resize == "stretch":
        return anomaly_map
    size = preprocessing.size
    side = max(height, width) if preprocessing.resize == "pad" else min(height, width)
    for axis, length in enumerate((height, width)):
        resized = max(1, round(length * size / side))
        if resized < size:
            anomaly_map = anomaly_map.narrow(axis, (size - resized) // 2, resized)
        elif resized > size:
            before = round((resized - size) / 2)
            ends = (before, resized - size - before)
            padding = (*ends, 0, 0) if axis == 1 else (0, 0, *ends)
            anomaly_map = F.pad(anomaly_map, padding)
    return anomaly_map
