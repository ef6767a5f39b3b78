"""The points of the plane against what their definition says."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from models.data import points
from models.data.config import DataConfig
from models.data.counts import fit_share
from models.data.index import Part
from models.data.registry import DATASETS

CONFIG = DataConfig(dataset="points-2d")
STEP = 8 / 255


def part(name: str) -> Part:
    source = points.find(CONFIG, Path("unused"))
    read = {"training": points.training_part, "test": points.test_part}[name]
    return read(CONFIG, source)


def coordinates(of: Part, kind: int) -> NDArray[np.float64]:
    """The points of one kind [N, 2]."""
    rows = np.flatnonzero(of.index.classes == kind)
    return of.read(rows)[:, :, 0, 0] * STEP - 4


def test_the_counts_would_not_be_those_of_the_protocol() -> None:
    training = DATASETS["points-2d"].training_counts
    assert tuple(np.bincount(part("training").index.classes).tolist()) == training
    assert [(fit_share(count), count - fit_share(count)) for count in training] == [
        (4096, 1024),
        (4096, 1024),
    ]
    assert np.bincount(part("test").index.classes).tolist() == [2000, 2000]


@pytest.mark.parametrize("name", ["training", "test"])
def test_normal_points_would_have_another_centre_scale_or_shape(name: str) -> None:
    normal = coordinates(part(name), 0)
    upper = normal[:, 0] > 0
    assert upper.mean() == 0.5
    for centre, chosen in ((1.5, upper), (-1.5, ~upper)):
        for column in (0, 1):
            scaled = (normal[chosen, column] - centre) / 0.15
            blurred = (
                scaled + np.random.default_rng(0).uniform(-0.5, 0.5, len(scaled)) * STEP / 0.15
            )
            assert stats.kstest(blurred, stats.t(df=40).cdf).pvalue > 0.001


@pytest.mark.parametrize("name", ["training", "test"])
def test_anomalies_would_lie_among_the_normal_points_or_leave_parts_of_the_square_empty(
    name: str,
) -> None:
    anomalies = coordinates(part(name), 1)
    for centre in ((1.5, 1.5), (-1.5, -1.5)):
        distances = np.linalg.norm(anomalies - centre, axis=1)
        assert distances.min() > 0.6 - STEP
        assert distances.min() < 0.75
    counted, *_ = np.histogram2d(*anomalies.T, bins=4, range=[[-4, 4], [-4, 4]])
    # The area of each cell without the two discs, counted on a fine grid.
    fine = (np.arange(800) + 0.5) / 100 - 4
    grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1)
    outside = np.all(
        [np.linalg.norm(grid - centre, axis=2) > 0.6 for centre in (1.5, -1.5)], axis=0
    )
    free = outside.reshape(4, 200, 4, 200).mean(axis=(1, 3))
    expected = free / free.sum() * len(anomalies)
    assert stats.chisquare(counted.ravel(), expected.ravel()).pvalue > 0.001


def test_a_point_would_become_another_byte() -> None:
    given = np.array([[-4.0, 4.0], [0.02, -1.5], [9.0, -9.0]])
    made = points.to_bytes(given)
    assert made.shape == (3, 2, 1, 1)
    assert made[:, :, 0, 0].tolist() == [[0, 255], [128, 80], [255, 0]]


def test_the_points_would_change_between_versions_or_be_the_same_in_both_parts() -> None:
    digests = []
    for name in ("training", "test"):
        opened = part(name)
        pixels = opened.read(np.arange(len(opened.index)))
        digests.append(hashlib.sha256(pixels.tobytes()).hexdigest()[:16])
    assert digests == ["9e0a6d627174d4a4", "5da9924bf574eb46"]
