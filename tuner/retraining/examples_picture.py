"""Images, what the detector makes of them, and where it errs: normal ones beside anomalous ones."""

from typing import cast

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from models.data.images import LabelledImages
from models.data.registry import DATASETS
from models.scoring import FittedDetector, scaled
from tuner.retraining.pictures import ALARM, DARK, new_figure
from tuner.retraining.plan import Plan
from tuner.seeds import derive

OF_EACH = 6
_ROWS = ("original", "reconstruction", "absolute error")


def examples_figure(
    plan: Plan, fitted: FittedDetector, images: LabelledImages, split: str
) -> Figure | None:
    """Rows original, reconstruction, absolute error; the score below, red where it is flagged.

    The images are drawn by the search's seed, not picked. None for a detector that makes none.
    """
    rows = _draw_rows(plan, images)
    chosen = images.images[torch.from_numpy(rows)]
    remade = fitted.reconstruct(chosen)
    if remade is None:
        return None
    original = scaled(chosen)
    error = (original - remade).abs()
    pictures = [_shown(original, signed=True), _shown(remade, signed=True), _shown(error)]
    names = DATASETS[plan.data.dataset].class_names
    captions = [names[int(images.classes[row])] for row in rows]
    scores = fitted.score(chosen).numpy()
    normals = int((~images.anomalous.numpy()[rows]).sum())
    figure = new_figure(0.98 * len(rows) + 1.3, 3.9)
    grid = _Grid(figure, columns=len(rows), normals=normals)
    shown = grid.fill(pictures)
    grid.caption(captions, scores, fitted.threshold)
    figure.colorbar(shown, ax=grid.axes[2].tolist(), fraction=0.012, pad=0.005, aspect=8)
    figure.suptitle(_title(plan, split, fitted), x=0.01, ha="left", fontsize=11, color=DARK)
    return figure


def _title(plan: Plan, split: str, fitted: FittedDetector) -> str:
    kind = {"fit": "images it was trained on", "test": "test images"}[split]
    return (
        f"{plan.best.label}: {kind}, drawn at random. "
        f"Below: score, red above the threshold {fitted.threshold:.3f}"
    )


def _draw_rows(plan: Plan, images: LabelledImages) -> NDArray[np.int64]:
    """Some normals, then anomalies of as many different classes as there are."""
    generator = np.random.default_rng(derive(plan.search_seed, "examples", 0))
    anomalous = images.anomalous.numpy()
    normals = np.flatnonzero(~anomalous)
    chosen = generator.choice(normals, min(OF_EACH, len(normals)), replace=False)
    order = generator.permutation(np.flatnonzero(anomalous))
    classes = images.classes.numpy()[order]
    _, first = np.unique(classes, return_index=True)
    rest = np.setdiff1d(np.arange(len(order)), first)
    spread = np.concatenate([np.sort(generator.permutation(first)[:OF_EACH]), rest])[:OF_EACH]
    spread = spread[np.argsort(classes[spread], kind="stable")]
    return np.concatenate([chosen, order[spread]])


def _shown(images: torch.Tensor, *, signed: bool = False) -> NDArray[np.float32]:
    """[N, C, H, W] -> [N, H, W, C] in [0, 1], or the mean error over channels [N, H, W, 1]."""
    if not signed:
        return np.asarray(images.mean(1, keepdim=True).permute(0, 2, 3, 1).numpy())
    return np.asarray(((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy())


class _Grid:
    """Three rows of pictures; a gap parts the normal columns from the anomalous ones."""

    def __init__(self, figure: Figure, *, columns: int, normals: int) -> None:
        gap = [1.0] * normals + [0.18] + [1.0] * (columns - normals)
        grid = figure.add_gridspec(3, columns + 1, width_ratios=gap, wspace=0.0, hspace=0.0)
        places = [place for place in range(columns + 1) if place != normals]
        self.axes = np.array(
            [[figure.add_subplot(grid[row, place]) for place in places] for row in range(3)]
        )
        self._normals = normals

    def fill(self, pictures: list[NDArray[np.float32]]) -> AxesImage:
        """Draw the rows; returns the last error, all of which share one scale."""
        top = float(pictures[2].max())
        for row, images in enumerate(pictures):
            for axes, image in zip(self.axes[row], images, strict=True):
                if row == 2:
                    shown = axes.imshow(image, cmap="inferno", vmin=0, vmax=top)
                else:
                    axes.imshow(image, cmap="gray", vmin=0, vmax=1)
                _bare(axes)
            self.axes[row][0].set_ylabel(_ROWS[row], fontsize=9, color=DARK)
        return cast(AxesImage, shown)

    def caption(self, names: list[str], scores: NDArray[np.float64], threshold: float) -> None:
        """Class above each column, score below it."""
        for place, (name, score) in enumerate(zip(names, scores, strict=True)):
            kind = "normal" if place < self._normals else "anomaly"
            self.axes[0][place].set_title(f"{kind}\n{name}", fontsize=8, color=DARK)
            ink = ALARM if score > threshold else DARK
            self.axes[2][place].set_xlabel(f"{score:.3f}", fontsize=9, color=ink)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
