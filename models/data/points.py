"""Points in the plane as images of one pixel with two channels: two clusters, and what is outside.

A normal point is one of two centres plus a Student-t of 40 degrees of freedom, scale 0.15, in each
coordinate; an anomaly is uniform in the square from -4 to 4, further than 4 scales from both
centres. Rounding to bytes moves a point by at most 1/64 in each coordinate.

The points are drawn with numpy's RandomState, whose streams are frozen for good: they are part of
the data set, as files would be.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.config import DataConfig
from models.data.index import Part
from models.data.places import Source
from models.data.published import Pixels, part_of, refuse_folder

logger = logging.getLogger(__name__)

CENTRES = ((1.5, 1.5), (-1.5, -1.5))
DEGREES_OF_FREEDOM = 40
SCALE = 0.15
REACH = 4.0
"""The square is from -REACH to REACH in both coordinates."""
MARGIN = 4 * SCALE
"""How far from both centres every anomaly is, before rounding to bytes."""

TRAINING_PER_KIND = 5120  # a fifth is held out for validation: 4,096 and 1,024
TEST_PER_KIND = 2000
TRAINING_SEED, TEST_SEED = 20_240, 20_241


def find(config: DataConfig, cache: Path) -> Source:
    """The points are drawn; a folder is refused, for it would be ignored."""
    del cache
    refuse_folder(config, title="the points of points-2d", why="are drawn by the program")
    logger.info("points-2d, drawn by the program")
    return Source(folder=None, description="drawn by the program")


def training_part(config: DataConfig, source: Source) -> Part:
    """Draw the 5,120 normal points, then as many anomalies."""
    del source
    return part_of(config, _draw(TRAINING_PER_KIND, TRAINING_SEED))


def check_test(config: DataConfig, source: Source) -> None:
    """Nothing can be missing."""
    del config, source


def test_part(config: DataConfig, source: Source) -> Part:
    """Draw the 2,000 normal points of the test part, then as many anomalies."""
    del source
    return part_of(config, _draw(TEST_PER_KIND, TEST_SEED))


def to_bytes(points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Points `[N, 2]` as images `[N, 2, 1, 1]`: the square's sides become the bytes 0 and 255."""
    scaled = np.rint((points + REACH) / (2 * REACH) * 255)
    return np.clip(scaled, 0, 255).astype(np.uint8)[:, :, None, None]


def _draw(per_kind: int, seed: int) -> Pixels:
    generator = np.random.RandomState(seed)
    points = np.concatenate([_normals(per_kind, generator), _anomalies(per_kind, generator)])
    classes = np.repeat(np.arange(2, dtype=np.int64), per_kind)
    return Pixels(images=to_bytes(points), classes=classes)


def _normals(count: int, generator: np.random.RandomState) -> NDArray[np.float64]:
    """Half of them around each centre."""
    around: NDArray[np.float64] = np.repeat(np.array(CENTRES), count // len(CENTRES), axis=0)
    around += SCALE * generator.standard_t(DEGREES_OF_FREEDOM, size=(count, 2))
    return around


def _anomalies(count: int, generator: np.random.RandomState) -> NDArray[np.float64]:
    """Drawn in the whole square, without those near a centre."""
    drawn = generator.uniform(-REACH, REACH, size=(2 * count, 2))
    distances = np.linalg.norm(drawn[:, None] - np.array(CENTRES), axis=2)
    outside: NDArray[np.float64] = drawn[(distances > MARGIN).all(axis=1)]
    return outside[:count]
