import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.evaluation.pixels import Maps, Masks, pixel_auroc, pro


def _neighbours(place: tuple[int, int]) -> set[tuple[int, int]]:
    row, column = place
    return {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)}


def _slow_regions(masks: Masks) -> list[tuple[int, list[tuple[int, int]]]]:
    """Each region as its image and its pixels, found by walking from pixel to pixel."""
    regions = []
    for image, mask in enumerate(masks):
        left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
        while left:
            region, edge = [], [left.pop()]
            while edge:
                place = edge.pop()
                region.append(place)
                near = _neighbours(place) & left
                left -= near
                edge += near
            regions.append((image, region))
    return regions


def _slow_pro(maps: Maps, masks: Masks, max_fpr: float) -> float:
    """Threshold by threshold and region by region, as the definition says it."""
    regions = _slow_regions(masks)
    points = [(0.0, 0.0)]
    for threshold in sorted(set(maps.ravel().tolist()), reverse=True):
        flagged = maps >= threshold
        shares = [np.mean([flagged[image][place] for place in region]) for image, region in regions]
        points.append((float(flagged[~masks].mean()), float(np.mean(shares))))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        end = min(x1, max_fpr)
        if end > x0:
            area += (end - x0) * (y0 + y0 + (end - x0) / (x1 - x0) * (y1 - y0)) / 2
    return area / max_fpr


@st.composite
def _scored(draw: st.DrawFn) -> tuple[NDArray[np.float32], Masks]:
    """Maps and masks [N, H, W] with pixels of both kinds; values are tied, or all different."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(2, 6), st.integers(2, 6)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    masks = generator.random(shape) < draw(st.sampled_from([0.1, 0.4, 0.8]))
    masks.flat[:2] = [True, False]
    levels = draw(st.sampled_from([2, 5, 10_000]))
    maps = generator.integers(-levels, levels, shape) + masks * generator.integers(0, levels)
    return maps.astype(np.float32), masks


@settings(deadline=None, max_examples=100)
@given(_scored())
def test_pixels_would_not_be_ranked_as_scikit_learn_does(
    scored: tuple[NDArray[np.float32], Masks],
) -> None:
    maps, masks = scored
    expected = roc_auc_score(masks.ravel(), maps.ravel())
    assert pixel_auroc(maps, masks) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=150)
@given(_scored(), st.sampled_from([0.05, 0.3, 0.5, 1.0]))
def test_overlap_would_not_be_that_of_the_slow_definition(
    scored: tuple[NDArray[np.float32], Masks], max_fpr: float
) -> None:
    maps, masks = scored
    assert pro(maps, masks, max_fpr) == pytest.approx(_slow_pro(maps, masks, max_fpr), abs=1e-9)


@pytest.mark.parametrize(
    ("defects", "normals", "expected"),
    [
        # Every defect above every normal pixel, and below.
        ([[9, 8], [7]], [1, 2, 3, 4], 1.0),
        ([[0, 0], [0]], [1, 2, 3, 4], 0.0),
        # Half of a large one and a small one: (1/2 + 1) / 2, not three of five pixels.
        ([[9, 9, 0, 0], [9]], [1, 2, 3, 4], 0.75),
        # Found with the first of four false alarms, so at once from 0.25 on: 0.05 of 0.3.
        ([[3]], [4, 2, 1, 0], (0.3 - 0.25) / 0.3),
        # Found together with the first of two: the curve is straight up to 0.5, and cut at 0.3.
        ([[3]], [3, 2], (0.3 * 0.6 / 2) / 0.3),
    ],
)
def test_overlap_would_not_be_what_is_counted_by_hand(
    defects: list[list[float]], normals: list[float], expected: float
) -> None:
    maps, masks = _side_by_side(defects, normals)
    assert pro(maps, masks, max_fpr=0.3) == pytest.approx(expected)


def _side_by_side(
    defects: list[list[float]], normals: list[float]
) -> tuple[NDArray[np.float64], Masks]:
    """One row of pixels: the normal ones, one of them between defects."""
    values, marks = list(normals[len(defects) :]), [False] * len(normals[len(defects) :])
    for defect, between in zip(defects, normals, strict=False):
        values += [between, *defect]
        marks += [False, *([True] * len(defect))]
    return np.array([[values]], np.float64), np.array([[marks]])


def test_pixels_that_touch_by_a_corner_would_be_two_defects() -> None:
    masks = np.array([[[True, False, False], [False, True, False], [False, False, False]]])
    masks = np.concatenate([masks, np.zeros_like(masks)])
    masks[1, 2, 2] = True
    maps = np.where(masks, 1.0, 0.0)
    maps[0] = 0.0  # nothing of the diagonal defect is found above the normal pixels
    early = pro(maps, masks, max_fpr=1e-6)
    assert early == pytest.approx(0.5, abs=1e-5)  # of three defects it would be a third


def test_a_defect_on_an_edge_would_continue_in_the_next_image() -> None:
    masks = np.zeros((2, 2, 2), np.bool_)
    masks[0, 1, 1] = masks[1, 0, 1] = masks[1, 1, 1] = True
    maps = np.zeros((2, 2, 2))
    maps[0, 1, 1] = 1.0
    assert pro(maps, masks, max_fpr=1e-6) == pytest.approx(0.5, abs=1e-5)


def test_chance_would_not_give_half_the_limit() -> None:
    generator = np.random.default_rng(0)
    masks = np.zeros((20, 64, 64), np.bool_)
    masks[:10, 10:30, 10:30] = True
    maps = generator.random(masks.shape, np.float32)
    assert pro(maps, masks) == pytest.approx(0.15, abs=0.01)
    assert pixel_auroc(maps, masks) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("figure", [pixel_auroc, pro])
@pytest.mark.parametrize(
    ("maps", "masks", "reason"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2), np.bool_), "no pixels"),
        (np.zeros((1, 2, 2)), np.ones((1, 2, 2), np.bool_), "all pixels"),
        (np.zeros((1, 2, 2)), np.ones((1, 2, 3), np.bool_), r"\(1, 2, 2\).*\(1, 2, 3\)"),
        (np.full((1, 2, 2), math.nan), np.eye(2, dtype=np.bool_)[None], "not finite"),
    ],
)
def test_a_figure_would_be_made_of_what_cannot_be_judged(
    figure: Callable[[Maps, Masks], float], maps: Maps, masks: Masks, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        figure(maps, masks)


@pytest.mark.parametrize("max_fpr", [0.0, -0.1, 1.1, math.nan])
def test_a_limit_outside_its_range_would_be_taken(max_fpr: float) -> None:
    with pytest.raises(ValueError, match="max_fpr"):
        pro(np.zeros((1, 2, 2)), np.eye(2, dtype=np.bool_)[None], max_fpr)


def test_maps_that_cannot_be_written_to_would_warn_or_be_changed() -> None:
    maps, masks = np.arange(8.0).reshape(2, 2, 2), np.arange(8).reshape(2, 2, 2) > 5
    maps.setflags(write=False)
    masks.setflags(write=False)
    assert (pixel_auroc(maps, masks), pro(maps, masks)) == (1.0, 1.0)
