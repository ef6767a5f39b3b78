"""The picture of search quality: the best value so far over trial-epochs, on each table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from _curves import Table
from _finds import ALL, Step
from _quality_figures import AT, OURS, PERCENTILES, Searched, target

_POINTS_A_DECADE = 40
_BELOW = 50
"""The percentile at which a panel begins."""


def draw(searched: Searched, path: Path) -> None:
    """The median of all seeds, ours thick; dashed the targets."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    count = len(searched.tables)
    figure, axes = plt.subplots(1, count, figsize=(4.4 * count, 4.4), squeeze=False)
    for axis, table in zip(axes[0], searched.tables, strict=True):
        last = max(searched.tables and _last(searched, table), 10)
        grid = _grid(last)
        for nth, method in enumerate(searched.methods):
            of = [cell["steps"][ALL] for cell in searched.of(table.name, method, AT)]
            line = [median(_value_at(steps, epochs) for steps in of) for epochs in grid]
            own = method == OURS
            style = {"linewidth": 3 if own else 1.2, "color": "black" if own else f"C{nth - 1}"}
            axis.plot(grid, line, label=method, zorder=3 if own else 2, **style)
        for percentile in PERCENTILES:
            value = target(table, percentile)
            axis.axhline(value, color="0.6", linewidth=0.8, linestyle="--")
            axis.text(grid[0], value, f" {percentile}th percentile", va="bottom", fontsize=8)
        top = max(target(table, 100), target(table, max(PERCENTILES)))
        bottom = target(table, _BELOW)
        axis.set_ylim(bottom, top + 0.06 * (top - bottom))
        axis.set(title=table.name, xscale="log", xlim=(grid[0], last))
        axis.set_xlabel(f"trial-epochs, {AT} workers")
    axes[0][0].set_ylabel("best validation AUROC so far, median of seeds")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=5, frameon=False)
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    figure.savefig(path, dpi=100)
    print(f"picture: {path}")


def _last(searched: Searched, table: Table) -> int:
    """Where a panel ends: by then most methods have found what they find."""
    return max(
        round(median(each.epochs for each in searched.reached(table, 99, method, AT)))
        for method in ("random", OURS)
        if method in searched.methods
    )


def _grid(last: int) -> list[int]:
    count = 1
    points: list[int] = []
    while count < last:
        points.append(count)
        count = max(count + 1, round(count * 10 ** (1 / _POINTS_A_DECADE)))
    return [*points[4:], last]


def _value_at(steps: Sequence[Step], epochs: int) -> float:
    return max((value for by, _, value in steps if by <= epochs), default=0.0)
