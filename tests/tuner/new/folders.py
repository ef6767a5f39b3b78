"""Folders of small pictures, made by the test that looks at them."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 24


def picture(path: Path, seed: int, *, mean: float = 120, side: int = SIDE) -> None:
    """A picture of coarse noise about a mean, in colour; no two seeds give the same."""
    noise = np.random.default_rng(seed).normal(mean, 25, (4, 4, 3)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC).save(path)


def pictures(folder: Path, count: int, *, first: int = 0, mean: float = 120) -> None:
    """So many pictures in a folder, with seeds from `first` on."""
    for number in range(count):
        picture(folder / f"{number:03d}.png", first + number, mean=mean)


def workpieces(folder: Path, *, good: int = 30, bad: int = 40, bad_mean: float = 120) -> Path:
    """`good/` and two kinds of defects, as many of each as it divides."""
    pictures(folder / "good", good)
    pictures(folder / "dent", bad // 2, first=1000, mean=bad_mean)
    pictures(folder / "scratch", bad - bad // 2, first=2000, mean=bad_mean)
    return folder
