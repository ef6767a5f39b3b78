"""What can be said of a picture by trivial measures, its whole content looked at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.planning.machine import cores

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

_CHUNK = 256
_SAY_EVERY_S = 10.0
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's own conversion to grey
_SIXTEEN_BITS = "I"  # begins the names of Pillow's modes with more than 8 bits

# Sums of the luminance table of the JPEG standard (T.81, table K.1), scaled to a quality as the
# library of the Independent JPEG Group does. A sum does not depend on the order of the table.
_K1 = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)


def _table_sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return sum(min(255, max(1, (each * scale + 50) // 100)) for each in _K1)


_SUMS = {quality: _table_sum(quality) for quality in range(1, 101)}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Of one picture, turned as its EXIF tag says.

    `brightness` is the mean and `contrast` the standard deviation of its grey values, 0 to 255,
    `sharpness` the variance of their Laplacian in the picture's own size. `coloured` says that some
    pixel is not grey, whatever `mode`, Pillow's name of the pixels, is. `brightest` is the highest
    value of a picture with more than 8 bits, None of any other. `jpeg_quality`, 1 to 100, is
    estimated from the quantisation table, and not a number where there is none. `frames` is more
    than one for animations and files of several pages, of which all else is the first.
    """

    width: int
    height: int
    mode: str
    format: str
    coloured: bool
    brightest: int | None
    file_bytes: int
    jpeg_quality: float
    brightness: float
    contrast: float
    sharpness: float
    frames: int = 1


def measure(path: Path) -> Measures:
    """Decode a picture and measure it.

    Raises:
        Unreadable: it cannot be decoded; the text says why.
    """
    from PIL import Image  # noqa: PLC0415 - keeps --help fast
    from scipy.ndimage import laplace  # noqa: PLC0415

    from models.data.decoding import FORMATS, decode_native  # noqa: PLC0415
    from models.data.preprocessing import Preprocessing  # noqa: PLC0415

    pixels = decode_native(path, Preprocessing(size=1, channels=3))
    coloured = bool(((pixels[0] != pixels[1]) | (pixels[1] != pixels[2])).any())
    values = (_grey(pixels) if coloured else pixels[0].float()).numpy()
    with Image.open(path, formats=FORMATS) as picture:
        mode, kind = picture.mode, str(picture.format)
        tables = getattr(picture, "quantization", None) or {}
        frames = _frames(picture)
    deep = mode.startswith(_SIXTEEN_BITS)
    return Measures(
        width=pixels.shape[2],
        height=pixels.shape[1],
        mode=mode,
        format=kind,
        coloured=coloured,
        brightest=round(float(values.max()) * 65535 / 255) if deep else None,
        file_bytes=path.stat().st_size,
        jpeg_quality=_quality(sum(tables[min(tables)])) if tables else math.nan,
        brightness=float(values.mean(dtype="float64")),
        contrast=float(values.std(dtype="float64")),
        sharpness=float(laplace(values).var(dtype="float64")),
        frames=frames,
    )


def _frames(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except (
        Exception
    ):  # the first can be read; damage behind it makes decoders raise nearly anything
        return 1


def _grey(pixels: Tensor) -> Tensor:
    """[3, H, W] -> [H, W], a plane at a time: pictures may be large."""
    red, green, blue = (plane * weight for plane, weight in zip(pixels, _LUMA, strict=True))
    grey: Tensor = red.add_(green).add_(blue)
    return grey


def _quality(table_sum: int) -> float:
    return min(_SUMS, key=lambda quality: abs(_SUMS[quality] - table_sum))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measures of those pictures that can be read, and the reasons of the others, by path."""

    measures: dict[Path, Measures]
    unreadable: dict[Path, str]


def measure_all(paths: Sequence[Path], say: Callable[[str], None]) -> Measured:
    """Measure pictures on all cores; says how far it is where that takes long."""
    from models.data.decoding import Unreadable, one_thread  # noqa: PLC0415 - torch

    def looked_at(path: Path) -> Measures | str:
        try:
            return measure(path)
        except Unreadable as reason:
            return str(reason)

    found: dict[Path, Measures | str] = {}
    said = time.monotonic()
    with one_thread(), ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            found |= zip(chunk, pool.map(looked_at, chunk), strict=True)
            if time.monotonic() - said > _SAY_EVERY_S:
                said = time.monotonic()
                say(f"Looking at pictures: {len(found):,} of {len(paths):,}")
    return Measured(
        measures={path: each for path, each in found.items() if isinstance(each, Measures)},
        unreadable={path: each for path, each in found.items() if isinstance(each, str)},
    )
