"""Pictures hung in rows on one pair of axes: normal images at the left, anomalies at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tuner.figures.colours import ALARM
from tuner.retrain.pictures.style import DARK

_GAP, _PARTING, _LINE = 0.07, 0.4, 0.12  # between columns, kinds, rows; in widths of an image
_LETTERS = (12, 15)  # of a name above a picture: as others, and in smaller type
HEAT = "inferno"

Pictures = NDArray[np.float32]


def in_colour(images: torch.Tensor) -> Pictures:
    """[N, C, H, W] in [-1, 1], C 1 or 3 -> [N, H, W, 3] in [0, 1]."""
    shown = ((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return np.broadcast_to(shown, (*shown.shape[:3], 3)) if shown.shape[3] == 1 else shown


@dataclass(frozen=True, kw_only=True)
class Wall:
    """Where the pictures hang, in widths of a picture; y grows downwards.

    Of the columns the first are normal images; `rows` says what each row shows.
    """

    axes: Axes
    columns: int
    normals: int
    rows: tuple[str, ...]

    def _left(self, column: int) -> float:
        return column * (1 + _GAP) + (_PARTING if column >= self.normals else 0.0)

    def _extent(self, row: int, column: int) -> tuple[float, float, float, float]:
        left, top = self._left(column), row * (1 + _LINE)
        return (left, left + 1, top + 1, top)

    def show_images(self, row: int, images: Pictures) -> None:
        """Hang a row of images [N, H, W, 3]."""
        for column, image in enumerate(images):
            self.axes.imshow(image, extent=self._extent(row, column))

    def show_heat(self, row: int, values: Pictures, top: float, mark: str = "") -> None:
        """Hang a row of values [N, H, W] from 0 to `top`, with the bar that explains the colours.

        `mark` says beside the bar what 1 is.
        """
        for column, value in enumerate(values):
            extent = self._extent(row, column)
            shown = self.axes.imshow(value, extent=extent, cmap=HEAT, vmin=0, vmax=top)
        place = (self._left(self.columns) + 0.05, row * (1 + _LINE), 0.12, 1)
        bar = self.axes.inset_axes(place, transform=self.axes.transData)
        self.axes.figure.colorbar(shown, cax=bar, extend="max" if mark else "neither")
        if mark:
            bar.axhline(1, color="white", linewidth=1.2)
            bar.set_yticks([0, 1, top], ["0", f"1  {mark}", f"{top:g}"])
        bar.tick_params(labelsize=8, colors=DARK, length=2)
        bar.spines[:].set_visible(False)

    def caption(self, names: Sequence[str]) -> None:
        """Write what the rows are, and the class above each column."""
        for row, text in enumerate(self.rows):
            middle = row * (1 + _LINE) + 0.5
            self.axes.text(-0.12, middle, text, ha="right", va="center", fontsize=9, color=DARK)
        for column, name in enumerate(names):
            kind = "normal" if column < self.normals else "anomaly"
            place = (self._left(column) + 0.5, -0.08)
            text, size = f"{kind}\n{_short(name)}", 8 if len(name) <= _LETTERS[0] else 7
            self.axes.text(*place, text, ha="center", fontsize=size, color=DARK)
        right, bottom = self._left(self.columns) + 0.5, self._bottom + 0.39
        self.axes.set(xlim=(-1.0, right), ylim=(bottom, -0.55), aspect="equal")
        self.axes.set_axis_off()

    def score(self, scores: NDArray[np.float64], threshold: float, title: str) -> None:
        """Write the score below each column, red above the threshold, and a title that says so."""
        for column, score in enumerate(scores):
            place = (self._left(column) + 0.5, self._bottom - 0.02)
            ink = ALARM if score > threshold else DARK
            self.axes.text(*place, f"{score:.3f}", ha="center", va="top", fontsize=9, color=ink)
        text = f"{title}\nBelow: score, red above the threshold {threshold:.3f}"
        self.axes.figure.suptitle(text, x=0.01, ha="left", fontsize=11, color=DARK)

    def foot(self, text: str) -> None:
        """Write a line below everything."""
        place = (-1.0, self._bottom + 0.5)
        self.axes.text(*place, text, ha="left", va="top", fontsize=9, color=DARK)
        self.axes.set_ylim(self._bottom + 0.85, -0.55)

    @property
    def _bottom(self) -> float:
        return len(self.rows) * (1 + _LINE)


def _short(name: str) -> str:
    most = _LETTERS[1]
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
