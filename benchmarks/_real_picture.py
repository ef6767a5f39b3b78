"""The picture of real searches: the best validation AUROC so far over time, ours beside Tune's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from real_search import Outcome

_POINTS = 400
_COLOURS = {"ours": "black", "tune": "C1"}
_TITLES = {"ours": "ours: tuner.search", "tune": "tune: Ray Tune's OptunaSearch and ASHA"}
_LOWEST = 0.1
"""Where a panel begins: this part of the time has passed, and the worse median is its lower end."""

Found = Mapping[str, Mapping[str, Sequence["Outcome"]]]
"""The outcomes of each side's seeds, on each task."""


def draw(found: Found, minutes: Mapping[str, float], path: Path) -> None:
    """A panel for each task: each search thin, the median of its side thick."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    size = (4.8 * len(found), 4.2)
    figure, axes = plt.subplots(1, len(found), figsize=size, squeeze=False, layout="constrained")
    for axis, (name, of_side) in zip(axes[0], found.items(), strict=True):
        _panel(axis, of_side, minutes[name])
        tests = ", ".join(
            f"{side} {mean(each.test for each in outcomes):.3f}"
            for side, outcomes in of_side.items()
        )
        axis.set_title(f"{name}\ntest AUROC of the winners: {tests}", fontsize=10)
        axis.set_xlabel("minutes, two cores")
    axes[0][0].set_ylabel("best validation AUROC so far")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=100)
    print(f"picture: {path}")


def _panel(axis: Axes, of_side: Mapping[str, Sequence[Outcome]], minutes: float) -> None:
    grid = np.linspace(0, minutes, _POINTS)
    early, highest = [], 0.0
    for side, outcomes in of_side.items():
        lines = [[each.best_by(60 * at) or np.nan for at in grid] for each in outcomes]
        for line in lines:
            axis.plot(grid, line, color=_COLOURS[side], linewidth=0.8, alpha=0.4)
        middle = [median(values) for values in zip(*lines, strict=True)]
        axis.plot(grid, middle, color=_COLOURS[side], linewidth=2.5, label=_TITLES[side])
        early.append(middle[round(_LOWEST * _POINTS)])
        highest = max(highest, *(line[-1] for line in lines))
    lowest = float(np.nanmin(early))
    margin = 0.05 * (highest - lowest)
    axis.set(xlim=(0, minutes), ylim=(lowest - margin, highest + margin))
