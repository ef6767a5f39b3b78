"""Images, what the detector makes of them, and where it errs: normal ones beside anomalous ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.data.images import LabelledImages
from models.data.registry import DATASETS
from models.fitted import FittedDetector
from models.pixels import scaled
from tuner.retraining.pictures.style import ALARM, DARK, new_figure
from tuner.retraining.plan import Plan
from tuner.seeds import derive

OF_EACH = 6
_GAP, _PARTING, _LINE = 0.07, 0.4, 0.12  # between columns, kinds, rows; in widths of an image
_ROWS = ("original", "reconstruction", "absolute\nerror")

Pictures = NDArray[np.float32]


def examples_figure(
    plan: Plan, fitted: FittedDetector, images: LabelledImages, split: str
) -> Figure | None:
    """Rows original, reconstruction, absolute error; the score below, red where it is flagged.

    The images are drawn by the search's seed, not picked. None for a detector that makes none.
    """
    rows = draw_rows(plan, images)
    chosen = images.images[torch.from_numpy(rows)]
    remade = fitted.reconstruct(chosen)
    if remade is None:
        return None
    original = scaled(chosen)
    names = DATASETS[plan.data.dataset].class_names
    figure = new_figure(0.95 * len(rows) + 1.6, 3.75)
    axes = figure.subplots()
    wall = _Wall(columns=len(rows), normals=int((~images.anomalous.numpy()[rows]).sum()))
    wall.show_images(axes, 0, _in_colour(original))
    wall.show_images(axes, 1, _in_colour(remade))
    wall.show_errors(axes, 2, (original - remade).abs().mean(1).numpy())
    wall.caption(axes, [names[int(images.classes[row])] for row in rows])
    wall.score(axes, fitted.score(chosen).numpy(), fitted.threshold)
    figure.suptitle(_title(plan, split, fitted), x=0.01, ha="left", fontsize=11, color=DARK)
    return figure


def draw_rows(plan: Plan, images: LabelledImages) -> NDArray[np.int64]:
    """Six normals, then six anomalies of as many different classes as there are, by class."""
    generator = np.random.default_rng(derive(plan.search_seed, "examples", 0))
    anomalous = images.anomalous.numpy()
    normals = np.flatnonzero(~anomalous)
    chosen = generator.choice(normals, min(OF_EACH, len(normals)), replace=False)
    order = generator.permutation(np.flatnonzero(anomalous))
    classes = images.classes.numpy()[order]
    _, first = np.unique(classes, return_index=True)
    rest = np.setdiff1d(np.arange(len(order)), first)
    spread = np.concatenate([generator.permutation(first), rest])[:OF_EACH]
    return np.concatenate([chosen, order[spread[np.argsort(classes[spread], kind="stable")]]])


def _title(plan: Plan, split: str, fitted: FittedDetector) -> str:
    kind = {"fit": "images it was trained on", "test": "test images"}[split]
    return (
        f"{plan.best.label}: {kind}, drawn at random. "
        f"Below: score, red above the threshold {fitted.threshold:.3f}"
    )


def _in_colour(images: torch.Tensor) -> Pictures:
    """[N, C, H, W] in [-1, 1] -> [N, H, W, 3] in [0, 1]."""
    shown = ((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return np.broadcast_to(shown, (*shown.shape[:3], 3)) if shown.shape[3] == 1 else shown


@dataclass(frozen=True, kw_only=True)
class _Wall:
    """Where the pictures hang on one pair of axes, in widths of a picture; y grows downwards."""

    columns: int
    normals: int

    def _left(self, column: int) -> float:
        return column * (1 + _GAP) + (_PARTING if column >= self.normals else 0.0)

    def _extent(self, row: int, column: int) -> tuple[float, float, float, float]:
        left, top = self._left(column), row * (1 + _LINE)
        return (left, left + 1, top + 1, top)

    def show_images(self, axes: Axes, row: int, images: Pictures) -> None:
        """Hang a row of images."""
        for column, image in enumerate(images):
            axes.imshow(image, extent=self._extent(row, column))

    def show_errors(self, axes: Axes, row: int, errors: Pictures) -> None:
        """Hang a row of errors, all on one scale, with the bar that explains it."""
        top = float(errors.max())
        for column, error in enumerate(errors):
            shown = axes.imshow(
                error, extent=self._extent(row, column), cmap="inferno", vmin=0, vmax=top
            )
        bar = axes.inset_axes(
            (self._left(self.columns) + 0.05, row * (1 + _LINE), 0.12, 1), transform=axes.transData
        )
        axes.figure.colorbar(shown, cax=bar)
        bar.tick_params(labelsize=8, colors=DARK, length=2)
        bar.spines[:].set_visible(False)

    def caption(self, axes: Axes, names: Sequence[str]) -> None:
        """Write what the rows are, and the class above each column."""
        for row, text in enumerate(_ROWS):
            middle = row * (1 + _LINE) + 0.5
            axes.text(-0.12, middle, text, ha="right", va="center", fontsize=9, color=DARK)
        for column, name in enumerate(names):
            kind = "normal" if column < self.normals else "anomaly"
            place = (self._left(column) + 0.5, -0.08)
            axes.text(*place, f"{kind}\n{name}", ha="center", fontsize=8, color=DARK)
        axes.set(xlim=(-1.0, self._left(self.columns) + 0.5), ylim=(3.75, -0.55), aspect="equal")
        axes.set_axis_off()

    def score(self, axes: Axes, scores: NDArray[np.float64], threshold: float) -> None:
        """Write the score below each column."""
        for column, score in enumerate(scores):
            place = (self._left(column) + 0.5, 3 * (1 + _LINE) - 0.02)
            ink = ALARM if score > threshold else DARK
            axes.text(*place, f"{score:.3f}", ha="center", va="top", fontsize=9, color=ink)
