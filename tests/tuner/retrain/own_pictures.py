"""Folders of small pictures: grey slopes that are good, and two kinds of defects with masks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.data.config import DataConfig
from tuner.space import Space

SIZE = 16
KINDS = {"hole": (slice(3, 7), slice(3, 7)), "scratch": (slice(10, 12), slice(2, 14))}


def good(number: int) -> NDArray[np.uint8]:
    generator = np.random.default_rng(number)
    slope = np.linspace(80, 120, SIZE) + generator.normal(0, 4, (SIZE, SIZE))
    return np.broadcast_to(slope[..., None], (SIZE, SIZE, 3)).astype(np.uint8)


def write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def good_alone(folder: Path, count: int = 40) -> Path:
    for number in range(count):
        write(folder / "good" / f"{number:02}.png", good(number))
    return folder


def with_defects(folder: Path, each: int = 10, unmasked: int = 0) -> Path:
    """As MVTec AD lies on disk; the last `unmasked` of each kind have no mask."""
    for number in range(60):
        write(
            folder / ("train" if number < 40 else "test") / "good" / f"{number}.png", good(number)
        )
    for kind, place in KINDS.items():
        for number in range(each):
            pixels = good(100 + number + 50 * len(kind))
            pixels[place] = 30 + 2 * number
            mask = np.zeros((SIZE, SIZE), np.uint8)
            mask[place] = 255
            write(folder / "test" / kind / f"{number}.png", pixels)
            if number < each - unmasked:
                write(folder / "ground_truth" / kind / f"{number}_mask.png", mask)
    return folder


def space_of(folder: Path, **data: object) -> Space:
    """A configuration to retrain on a folder."""
    config = DataConfig(
        dataset="folder",
        folder=str(folder),
        size=SIZE,
        anomalies_per_normal=0,
        **data,  # type: ignore[arg-type]
    )
    written = {"detector": "pca", "data": config, "fixed": {"components": 4}}
    return Space.model_validate(written | {"epochs": 1, "trials": 1})
