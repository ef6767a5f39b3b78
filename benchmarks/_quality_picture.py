"""The picture of search quality: the best value so far over trial-epochs, on each table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from _curves import Table
from _finds import ALL, Step
from _quality_figures import AT, OURS, PERCENTILES, Searched, target

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS_A_DECADE = 40
_FIRST, _LEAST_LAST = 5, 10
"""Trial-epochs at which a panel begins, and those that it shows at least."""
_LOWEST = 50
"""The percentile of the table at which a panel begins."""


def draw(searched: Searched, path: Path) -> None:
    """A panel for each table."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    count = len(searched.tables)
    figure, axes = plt.subplots(1, count, figsize=(4.4 * count, 4.4), squeeze=False)
    for axis, table in zip(axes[0], searched.tables, strict=True):
        _panel(axis, table, searched)
    axes[0][0].set_ylabel("best validation AUROC so far, median of seeds")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=5, frameon=False)
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    figure.savefig(path, dpi=100)
    print(f"picture: {path}")


def _panel(axis: Axes, table: Table, searched: Searched) -> None:
    """The median of all seeds for each method, ours thick; dashed the targets."""
    grid = _grid(_last(searched, table))
    for nth, method in enumerate(searched.methods):
        of = [cell["steps"][ALL] for cell in searched.of(table.name, method, AT)]
        line = [median(_value_at(steps, epochs) for steps in of) for epochs in grid]
        if method == OURS:
            axis.plot(grid, line, label=method, linewidth=3, color="black", zorder=3)
        else:
            axis.plot(grid, line, label=method, linewidth=1.2, color=f"C{nth - 1}")
    for percentile in PERCENTILES:
        value = target(table, percentile)
        axis.axhline(value, color="0.6", linewidth=0.8, linestyle="--")
        axis.text(grid[0], value, f" {percentile}th percentile", va="bottom", fontsize=8)
    bottom, top = target(table, _LOWEST), target(table, 100)
    axis.set_ylim(bottom, top + 0.06 * (top - bottom))
    axis.set(title=f"{table.name}: {table.space.detector}", xscale="log", xlim=(grid[0], grid[-1]))
    axis.set_xlabel(f"trial-epochs, {AT} workers")


def _last(searched: Searched, table: Table) -> int:
    """Where a panel ends: by then most methods have found what they find."""
    return max(
        _LEAST_LAST,
        *(
            round(median(each.epochs for each in searched.reached(table, 99, method, AT)))
            for method in ("random", OURS)
        ),
    )


def _grid(last: int) -> list[int]:
    points = [_FIRST]
    while points[-1] < last:
        further = round(points[-1] * 10 ** (1 / _POINTS_A_DECADE))
        points.append(min(last, max(points[-1] + 1, further)))
    return points


def _value_at(steps: Sequence[Step], epochs: int) -> float:
    return max((value for by, _, value in steps if by <= epochs), default=0.0)
