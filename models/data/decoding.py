"""From a picture file to the bytes that detectors see: Pillow decodes, torchvision resizes.

Pictures of more than 100 million pixels are not decoded, whatever their file promises. Only the
formats below are tried, whatever a file's name says.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torchvision.transforms.v2 import functional

from models.data.preprocessing import Preprocessing

# What is wrong with a picture is raised, or does not matter. For all of the process, since
# `catch_warnings` is not for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.init()  # else Pillow knows the most usual formats alone, and fails on the names of others
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
MOST_PIXELS = 100_000_000
"""Of a picture: one of so many takes about a gigabyte while it is resized."""
LARGE = 16_000_000
"""Pictures of more pixels are decoded and resized one at a time, whatever the number of threads."""
MOST_TIMES = 100
_ONE_AT_A_TIME = Lock()
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_SEE_THROUGH = ("RGBA", "LA", "PA", "La", "RGBa")


class Unreadable(ValueError):  # noqa: N818 - it says what the picture is
    """A file is no picture that can be decoded; the text says why."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let each picture be resized by one thread: many pictures at once have the others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def decode(file: Path | bytes, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Decode and resize one picture: uint8 `[channels, size, size]`.

    It is turned as its EXIF tag says. Transparent pixels are laid over white. Grey values of 16-bit
    files are divided by the range of `preprocessing.bits`.

    Raises:
        Unreadable: it is truncated, empty, too large, or no picture of a known format.
    """
    native = decode_native(file, preprocessing)
    if native[0].numel() <= LARGE:
        return preprocess(native, preprocessing).numpy()
    with _ONE_AT_A_TIME:  # and a channel at a time: floats take four times as much
        return torch.cat([preprocess(channel[None], preprocessing) for channel in native]).numpy()


def decode_native(file: Path | bytes, preprocessing: Preprocessing) -> Tensor:
    """Decode one picture in its own size: `[channels, H, W]`, uint8, or float of 0 to 255."""
    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    try:
        with Image.open(opened, formats=FORMATS) as picture:
            _check_size(picture.size, preprocessing)
            with _ONE_AT_A_TIME if _pixel_count(picture) > LARGE else nullcontext():
                return _pixels(picture, preprocessing)
    except Image.DecompressionBombError as error:
        raise Unreadable(f"too large: {error}".split(",", maxsplit=1)[0]) from None
    except UnidentifiedImageError:
        raise Unreadable(_unidentified(file)) from None
    except FileNotFoundError:
        raise Unreadable("there is no such file") from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, MemoryError) as error:
        raise Unreadable(" ".join(str(error).split())[:200] or type(error).__name__) from None
    except Exception as error:  # damaged files make the decoders raise nearly anything
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from None


def _pixel_count(picture: Image.Image) -> int:
    return picture.width * picture.height


def _check_size(size: tuple[int, int], preprocessing: Preprocessing) -> None:
    """Raise Unreadable for what would take gigabytes."""
    width, height = size
    if width * height > MOST_PIXELS:
        raise Unreadable(
            f"too large: {width:,} x {height:,}, at most {MOST_PIXELS // 10**6} million pixels"
        )
    longer, shorter = max(size), max(1, min(size))
    if preprocessing.resize == "crop" and longer > MOST_TIMES * shorter:
        raise Unreadable(
            f"too long: {width:,} x {height:,}, of which data.resize: crop would leave nothing"
        )


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height as the header says, turned as EXIF says; None where there is none."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            # Of a PNG the tags come last: reading them would decode it.
            tags = {} if picture.format in ("PNG", "BMP") else picture.getexif()
            sideways = tags.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
            return picture.size[::-1] if sideways else picture.size
    except Exception:  # damaged files make the decoders raise nearly anything
        return None


def _unidentified(file: Path | bytes) -> str:
    empty = not file if isinstance(file, bytes) else file.is_file() and not file.stat().st_size
    return "the file is empty" if empty else f"no picture of a known format ({', '.join(FORMATS)})"


def _check_sixteen_bits(pixels: NDArray[Any]) -> None:
    """Pillow opens what has 16 bits and what has 32 in the same mode."""
    darkest, brightest = pixels.min(), pixels.max()
    if darkest < 0 or brightest > 2**16 - 1:
        raise Unreadable(
            f"its pixels are whole numbers from {darkest} to {brightest}; save it with 8 or 16 bits"
        )


def _pixels(picture: Image.Image, preprocessing: Preprocessing) -> Tensor:
    turned = ImageOps.exif_transpose(picture)
    if turned.mode in _SIXTEEN_BITS:
        pixels = np.asarray(turned)
        _check_sixteen_bits(pixels)
        grey = torch.from_numpy(pixels.astype(np.float32))
        brightest = 2**preprocessing.bits - 1
        bytes_of_grey = grey.mul_(255 / brightest).clamp_(0, 255)
        return bytes_of_grey.expand(preprocessing.channels, *grey.shape)
    if turned.mode == "F":
        raise Unreadable("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if turned.mode in _SEE_THROUGH or "transparency" in turned.info:
        turned = _over_white(turned)
    coloured = turned.convert("L" if preprocessing.channels == 1 else "RGB")
    array = np.array(coloured)
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))


def brightest(path: Path) -> int | None:
    """The highest value of a picture with more than 8 bits; None of others, readable or not."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            deep = picture.mode in _SIXTEEN_BITS and _pixel_count(picture) <= MOST_PIXELS
            return int(np.asarray(picture).max()) if deep else None
    except Exception:  # damaged files make the decoders raise nearly anything
        return None


def _over_white(picture: Image.Image) -> Image.Image:
    seen = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)


def decode_mask(file: Path) -> Tensor:
    """Decode a mask in its own size: bool `[H, W]`, True where it marks a defect.

    Everything but 0 marks; of a picture with transparency its opacity, of a JPEG, whose 0 is not
    exact, the brighter half. Raises Unreadable.
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            least = 128 if picture.format == "JPEG" else 1
            opaque = picture.mode in _SEE_THROUGH
            values = np.asarray(picture.getchannel("A") if opaque else picture)
    except Exception as error:  # damaged files make the decoders raise nearly anything
        raise Unreadable(" ".join(str(error).split())[:200] or type(error).__name__) from None
    marked = values.max(2) if values.ndim == 3 else values
    return torch.from_numpy(marked >= least if marked.dtype != bool else marked)


def preprocess(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Resize `[..., C, H, W]` of 0 to 255 to uint8 `[..., C, size, size]`.

    Bilinear and antialiased, computed in float32: the library's integer arithmetic is less exact.
    """
    squared = _to_square(pixels, preprocessing)
    if squared.dtype == torch.uint8:
        return squared.contiguous()
    return to_bytes(squared)


def to_bytes(values: Tensor) -> Tensor:
    """Round floats of 0 to 255 to uint8, by way of 1024ths.

    What lies on a half but for the last digits then goes to the same side whatever computed it.
    """
    return values.mul(1024).round().div(1024).round().clamp(0, 255).to(torch.uint8)


def preprocess_mask(mask: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Resize a mask, bool `[H, W]`, as its picture is: bool `[size, size]`.

    A pixel is marked where at least half of it is. Marks too thin for that keep the pixels that
    they cover most, so that no anomaly is lost.
    """
    shares = _to_square(mask[None].float(), preprocessing)[0]
    marked = shares >= 0.5
    if not marked.any() and mask.any():
        marked = (shares == shares.max()) & (shares > 0)
    return marked


def _to_square(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    size = preprocessing.size
    height, width = pixels.shape[-2:]
    target = (size, size)
    if preprocessing.resize != "stretch":
        side = max(height, width) if preprocessing.resize == "pad" else min(height, width)
        target = (max(1, round(height * size / side)), max(1, round(width * size / side)))
    if target != (height, width):
        pixels = functional.resize(pixels.float(), list(target), antialias=True)
    if target != (size, size):  # cuts the middle out of what is longer, pads what is shorter
        pixels = functional.center_crop(pixels, [size, size])
    return pixels
