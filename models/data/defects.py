"""Ways to damage a picture, each about as large as defects of products are.

A way takes a picture, uint8 [C, S, S] of at least 8 x 8 pixels, and returns one in which a region
of `SHARES` of the area is changed; how much of the change can be seen depends on the picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

SHARES = (0.01, 0.15)
"""The least and the largest share of the area that is damaged."""
_WARPED = (0.06, 0.15)  # a small disc has no room to move its pixels visibly


def cut_paste(picture: Picture, generator: Generator) -> Picture:
    """A rectangle copied to another place, a little brighter or darker.

    After Li et al., "CutPaste", CVPR 2021: aspect ratios and the change of colour are theirs.
    """
    side = picture.shape[-1]
    area = _share(SHARES, generator) * side**2
    aspect = math.exp(generator.uniform(math.log(0.3), math.log(3.3)))
    height = int(np.clip(round(math.sqrt(area * aspect)), 2, side - 1))
    width = int(np.clip(round(area / height), 2, side - 1))
    (top, to_top), (left, to_left) = (
        generator.integers(0, side - length + 1, 2) for length in (height, width)
    )
    copied = picture[:, top : top + height, left : left + width].astype(np.float64)
    patch = copied * generator.uniform(0.9, 1.1)
    damaged = picture.copy()
    damaged[:, to_top : to_top + height, to_left : to_left + width] = _bytes(patch)
    return damaged


def noise_blob(picture: Picture, generator: Generator) -> Picture:
    """A blob of coarse or fine noise, grey or coloured."""
    side = picture.shape[-1]
    grain = int(generator.integers(1, max(2, side // 32) + 1))
    cells = -(-side // grain)
    noise = generator.uniform(0, 255, (_tones(picture, generator), cells, cells))
    noise = noise.repeat(grain, 1).repeat(grain, 2)[:, :side, :side]
    opacity = generator.uniform(0.3, 1) * _blob(side, generator, edge=0.1)
    return _bytes(picture + opacity * (noise - picture))


def stain(picture: Picture, generator: Generator) -> Picture:
    """A blob with a soft edge, darker, lighter or coloured, through which the picture shows."""
    colour = generator.uniform(0, 255, (_tones(picture, generator), 1, 1))
    opacity = generator.uniform(0.35, 0.85) * _blob(picture.shape[-1], generator, edge=0.5)
    return _bytes(picture + opacity * (colour - picture))


def local_warp(picture: Picture, generator: Generator) -> Picture:
    """The pixels of a disc pushed one way, most in its middle and not at all at its rim."""
    side = picture.shape[-1]
    radius = math.sqrt(_share(_WARPED, generator) * side**2 / math.pi)
    centre = generator.uniform(radius / 2, side - radius / 2, 2)
    angle = generator.uniform(0, 2 * math.pi)
    # Above 0.65 radii the picture would fold over itself.
    push = generator.uniform(0.45, 0.6) * radius * np.array([math.sin(angle), math.cos(angle)])
    rows, columns = (
        slice(max(0, math.floor(at - radius)), min(side, math.ceil(at + radius) + 1))
        for at in centre
    )
    places = np.mgrid[rows, columns].astype(np.float64)
    distance = (places - centre[:, None, None]) / radius
    weight = np.clip(1 - (distance**2).sum(0), 0, 1) ** 2
    places -= push[:, None, None] * weight
    damaged = picture.copy()
    for channel, plane in enumerate(picture):
        moved = ndimage.map_coordinates(plane.astype(np.float64), places, order=1, mode="nearest")
        damaged[channel, rows, columns] = _bytes(moved)
    return damaged


def _tones(picture: Picture, generator: Generator) -> int:
    """As many as there are channels for something coloured, 1 for something grey; as often."""
    return len(picture) if generator.random() < 0.5 else 1


def _share(shares: tuple[float, float], generator: Generator) -> float:
    """A share of the area; small ones as often as large ones, by their logarithm."""
    return math.exp(generator.uniform(*np.log(shares)))


def _blob(side: int, generator: Generator, edge: float) -> Floats:
    """Opacity [S, S] of an irregular blob: 0 outside it, 1 within, and between on its edge.

    An ellipse whose outline is moved by noise of low frequency. The share drawn is exactly that of
    the pixels above 0; `edge` is how much of them is below 1.
    """
    pixels = max(4, round(_share(SHARES, generator) * side**2))
    radius = math.sqrt(pixels / math.pi)
    centre = generator.uniform(min(radius, side / 3), side - min(radius, side / 3), 2)
    angle = generator.uniform(0, math.pi)
    slimness = generator.uniform(1, 1.8)
    down, right = np.mgrid[:side, :side] - centre[:, None, None]
    along = (down * math.sin(angle) + right * math.cos(angle)) / slimness
    across = (down * math.cos(angle) - right * math.sin(angle)) * slimness
    height = _smooth_noise(side, radius, generator) - np.hypot(along, across) / radius
    ordered = np.sort(height, axis=None)[::-1]
    outside, inside = ordered[pixels], ordered[int(pixels * (1 - edge))]
    opacity: Floats = np.clip((height - outside) / max(inside - outside, 1e-9), 0, 1)
    return opacity


def _smooth_noise(side: int, scale: float, generator: Generator) -> Floats:
    """Noise from 0 to about 1 that changes over about `scale` pixels [S, S]."""
    cells = int(np.clip(side / scale, 2, side))
    lattice = generator.random((cells, cells))
    noise: Floats = ndimage.zoom(lattice, side / cells, order=3, mode="reflect", grid_mode=True)
    return noise


def _bytes(values: Floats) -> Picture:
    return values.round().clip(0, 255).astype(np.uint8)
