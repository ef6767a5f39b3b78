"""What simple methods reach on the validation images, in seconds: a search has to beat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.evaluation.standard_error import standard_error
from tuner.cli.text import aligned

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from models.data.images import TrainingData

_NEIGHBOUR_SIDE = 16
_MOST_NEIGHBOURS = 5000
"""Fit images that the nearest one is looked for among: bounds the time."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A simple method's AUROC on validation, with its standard error."""

    method: str
    auroc: float
    error: float


def floor(data: TrainingData) -> list[Figure]:
    """PCA's reconstruction error and the distance to the nearest fit normal, on validation.

    A method that cannot be judged on these images is left out. Imports torch.
    """
    from models.evaluation.metrics import auroc  # noqa: PLC0415 - scikit-learn

    anomalous = data.validation.anomalous.numpy()
    found = {
        "PCA's reconstruction error": _pca(data),
        "distance to the nearest neighbour": auroc(anomalous, _distances(data)),
    }
    anomalies = int(anomalous.sum())
    return [
        Figure(
            method=method,
            auroc=value,
            error=standard_error(value, len(anomalous) - anomalies, anomalies),
        )
        for method, value in found.items()
        if value is not None
    ]


def _pca(data: TrainingData) -> float | None:
    from models import detectors  # noqa: PLC0415
    from models.lanes.lane import Lane  # noqa: PLC0415 - torch
    from models.trainer import Trainer  # noqa: PLC0415

    lane = Lane(hyperparameters=detectors.resolve("pca", {}), seed=0)
    return Trainer("pca", data, [lane]).epoch()[0].metrics.get("auroc")


def _distances(data: TrainingData) -> NDArray[np.float64]:
    """How far each validation image is from the nearest fit normal, in reduced pixels."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    from models.detectors.fit_view import evenly_spaced  # noqa: PLC0415

    normals = (~data.fit.anomalous).nonzero()[:, 0]
    shown = data.fit.images[evenly_spaced(normals, _MOST_NEIGHBOURS)]
    with threadpool_limits(limits=1):  # the same sums whatever the number of cores
        neighbours = NearestNeighbors(n_neighbors=1).fit(_reduced(shown))
        distances: NDArray[np.float64] = neighbours.kneighbors(_reduced(data.validation.images))[0]
    return distances[:, 0]


def _reduced(images: Tensor) -> NDArray[np.float32]:
    """uint8 [N, C, H, W] as rows of means of blocks."""
    import torch  # noqa: PLC0415
    from torch.nn.functional import adaptive_avg_pool2d  # noqa: PLC0415

    side = min(_NEIGHBOUR_SIDE, images.shape[-1])
    chunks = [adaptive_avg_pool2d(each.float() / 255, side) for each in torch.split(images, 1024)]
    rows: NDArray[np.float32] = torch.cat(chunks).flatten(1).numpy()
    return rows


def floor_lines(figures: list[Figure], data: TrainingData) -> list[str]:
    """The figures, and of which images they are."""
    anomalies = int(data.validation.anomalous.sum())
    normals = len(data.validation.anomalous) - anomalies
    made = "synthetic anomalies made of them" if data.synthetic else "bad ones"
    lines = [
        f"Floor: AUROC on validation alone, {normals:,} good pictures and {anomalies:,} {made}"
    ]
    rows = [[each.method, f"{each.auroc:.3f}"] for each in figures]
    found = zip(aligned(rows, indent=2), figures, strict=True) if rows else ()
    lines += [f"{line}  {_error_text(figure)}" for line, figure in found]
    if data.synthetic:
        lines.append("  Real defects may be harder or easier to see than synthetic ones.")
    return [*lines, "  A search that does not beat these has found nothing."]


def _error_text(figure: Figure) -> str:
    if figure.auroc == 1:
        return "(no error among these; others may come)"
    return f"(standard error {figure.error:.3f})"
