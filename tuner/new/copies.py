"""Pictures that are almost one of fit: saved again, or taken twice of a part that did not move.

Equal files count once whatever is done here; these are only told of. In MVTec AD's bottle, screw,
toothbrush and transistor the mean difference of the two most similar pictures is 1.5, 2.4, 1.6 and
4.0 grey levels at 64 x 64, and that of a picture to its JPEG of quality 75 and above below 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.data.folder.dataset import OpenedFolder
from tuner.cli.text import counted
from tuner.new.summary import labelled

ALMOST_EQUAL = 1.0
"""The mean difference of all pixels, in grey levels of 0 to 255."""
_CELLS, _CHUNK = 16, 256


def copies_line(opened: OpenedFolder) -> str:
    """Say which pictures of validation and test are almost one of fit; "" where none is."""
    found = [pair for pair in _copies(opened) if _are_alike(opened, *pair)]
    if not found:
        return ""
    which = "is" if len(found) == 1 else "are"
    judged, fitted = (opened.pictures[row].name for row in found[0])
    text = (
        f"{counted(len(found), 'picture')} of validation and test {which} almost equal to one of "
        f"fit, such as {judged} and {fitted}: a detector is judged too well by what it has seen; "
        "take one of each pair away"
    )
    return labelled("copies", text)


def _are_alike(opened: OpenedFolder, one: int, other: int) -> bool:
    """Whether both are normal, or both defective: a small defect hardly changes a picture."""
    normal = {opened.class_names[each] for each in opened.normal_classes}
    kinds = (opened.pictures[one].kind in normal, opened.pictures[other].kind in normal)
    return kinds[0] == kinds[1]


def _copies(opened: OpenedFolder) -> list[tuple[int, int]]:
    """The rows of the pairs, each picture of validation and test with the nearest of fit."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - for --help

    fit = _rows(opened, ("fit",))
    judged = _rows(opened, ("validation", "test"))
    if not len(fit) or not len(judged):
        return []
    search = NearestNeighbors(n_neighbors=1).fit(_thumbnails(opened, fit))
    nearest = fit[search.kneighbors(_thumbnails(opened, judged), return_distance=False)[:, 0]]
    return [
        (int(one), int(other))
        for one, other in zip(judged, nearest, strict=True)
        if _difference(opened, one, other) < ALMOST_EQUAL
    ]


def _rows(opened: OpenedFolder, sides: Sequence[str]) -> NDArray[np.int64]:
    return np.array([row for row, side in enumerate(opened.sides) if side in sides], np.int64)


def _thumbnails(opened: OpenedFolder, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums over cells of each picture, [rows, channels x cells], read a part at a time."""
    parts = []
    for start in range(0, len(rows), _CHUNK):
        pixels = opened.read(rows[start : start + _CHUNK])
        edges = np.linspace(0, pixels.shape[-1], _CELLS, endpoint=False).astype(np.int64)
        sums = np.add.reduceat(pixels.astype(np.float32), edges, axis=-2)
        sums = np.add.reduceat(sums, edges, axis=-1)
        parts.append(sums.reshape(len(pixels), -1))
    return np.concatenate(parts)


def _difference(opened: OpenedFolder, one: np.int64, other: np.int64) -> float:
    both = opened.read(np.array([one, other])).astype(np.float32)
    return float(np.abs(both[0] - both[1]).mean())
