"""Folders of small pictures, made by the tests."""

import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def picture(path: Path, seed: int | None = None, size: tuple[int, int] = (20, 16)) -> Path:
    """Write a grey picture of noise, another for each path or seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = hash_of(path) if seed is None else seed
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    suffix = path.suffix.lower()
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF"}.get(suffix)
    Image.fromarray(pixels).save(path, kind or suffix.removeprefix(".").upper())
    return path


def hash_of(path: Path) -> int:
    """The same for the same path below a folder of tests, in every process."""
    return zlib.crc32("/".join(path.parts[-3:]).encode())


def pictures(folder: Path, count: int, ending: str = ".png", start: int = 0) -> list[Path]:
    """Write so many pictures: 000.png, 001.png, ..."""
    return [picture(folder / f"{number:03d}{ending}") for number in range(start, start + count)]


def mask(path: Path, size: tuple[int, int] = (20, 16)) -> Path:
    """Write a mask whose left half is marked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    marked = np.zeros((size[1], size[0]), np.uint8)
    marked[:, : size[0] // 2] = 255
    Image.fromarray(marked).save(path)
    return path
