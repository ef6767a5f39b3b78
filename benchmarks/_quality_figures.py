"""What the searches on tables come to: how soon each found the targets, and ours beside others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from _curves import Table
from _finds import ALL, NEAR

from tuner.cli.text import aligned
from tuner.results.leaderboard import best

OURS = "ours"
AT = 8
"""The workers at which ours is held against others."""
PERCENTILES = (95, 99)
KINDS = {ALL: "", NEAR: "near_"}
"""With what a figure's name begins."""
NEVER = 99.0
"""A ratio's highest: so it is written where ours does not find it in half of the seeds."""
_SHORT = {
    "random": "random",
    "Optuna Hyperband": "hyperband",
    "Tune": "tune",
    "random + ASHA": "asha",
    "best tenth": "tenth",
    "Syne Tune BOHB": "bohb",
    "Syne Tune ASHA": "syne_asha",
    "ours, tpe": "tpe",
    "ours, tpe-qmc": "tpe_qmc",
}
_WITH_A_TARGET = ("random", "Optuna Hyperband", "Tune")
"""Whose ratios are given table by table."""
_RESAMPLES = 2000
Cell = Mapping[str, Any]
"""`steps` of each kind, and the whole search's `epochs` and `seconds`."""
Key = tuple[str, str, int, int]
"""Table, method, workers, seed."""


@dataclass(frozen=True)
class Reach:
    """Trial-epochs and time until the target, or all of them where it was not `found`."""

    epochs: int
    seconds: float
    found: bool


class Searched:
    """Every search that was made."""

    def __init__(self, tables: Sequence[Table], cells: Mapping[Key, Cell]) -> None:
        self.tables, self.cells = tables, cells
        self.methods = tuple(dict.fromkeys(method for _, method, _, _ in cells))
        self.workers = tuple(dict.fromkeys(workers for _, _, workers, _ in cells))

    def of(self, table: str, method: str, workers: int) -> list[Cell]:
        """One for each seed; none where so many workers were not tried."""
        return [cell for key, cell in self.cells.items() if key[:3] == (table, method, workers)]

    def reached(
        self, table: Table, percentile: int, method: str, workers: int, kind: str = ALL
    ) -> list[Reach]:
        """How soon each seed found a target."""
        value = target(table, percentile)
        return [_reached(cell, value, kind) for cell in self.of(table.name, method, workers)]


def target(table: Table, percentile: int) -> float:
    """The value that so many of a hundred configurations do not reach, trained to their end."""
    ends = (best([trial], table.space.objective) for trial in table.trials)
    values = sorted(end.value if end else 0.0 for end in ends)
    return values[math.ceil(percentile / 100 * len(values)) - 1]


def _reached(cell: Cell, value: float, kind: str) -> Reach:
    for epochs, time, found in cell["steps"][kind]:
        if found >= value:
            return Reach(epochs, time, True)
    return Reach(cell["epochs"], cell["seconds"], False)


def print_table(table: Table, searched: Searched) -> None:
    """How soon each method found each target, at all numbers of workers."""
    for percentile in PERCENTILES:
        value = target(table, percentile)
        for kind in KINDS:
            which = "configurations near a row alone" if kind == NEAR else "all configurations"
            print(f"\n{table.name}: to {value:.4f}, the {percentile}th percentile; {which}\n")
            head = ("median trial-epochs (range), time", *map(_workers, searched.workers))
            print("\n".join(aligned([head, *_rows(table, percentile, kind, searched)])))


def _workers(count: int) -> str:
    return f"{count} workers" if count > 1 else "1 worker"


def _rows(table: Table, percentile: int, kind: str, searched: Searched) -> list[tuple[str, ...]]:
    return [
        (
            method,
            *(
                _text(searched.reached(table, percentile, method, workers, kind))
                for workers in searched.workers
            ),
        )
        for method in searched.methods
    ]


def _text(reached: Sequence[Reach]) -> str:
    if not reached:
        return ""
    epochs = [each.epochs for each in reached]
    missed = sum(not each.found for each in reached)
    seconds = median(each.seconds for each in reached)
    said = f"{median(epochs):.0f} ({min(epochs)} to {max(epochs)}), {seconds:.1f} s"
    return f"{said}, {missed} missed" if missed else said


def figures(searched: Searched) -> dict[str, float]:
    """The worst ratio of all tables and targets, what more workers bring, and what was missed."""
    said: dict[str, float] = {}
    for method, short in _SHORT.items():
        if method not in searched.methods:
            continue
        for kind, prefix in KINDS.items():
            each = _ratios(searched, method, kind, f"{prefix}ratio_to_{short}_{AT}")
            said[f"{prefix}ratio_to_{short}_{AT}"] = max(each.values())
            said |= each if method in _WITH_A_TARGET and kind == ALL else {}
        said |= _shown(searched, method, short)
    for workers in (64, 500):
        said[f"scaling_{workers}"] = min(
            _scaling(searched, table, workers) for table in searched.tables
        )
    highest = max(PERCENTILES)
    for kind, prefix in KINDS.items():
        said[f"{prefix}missed"] = sum(
            not each.found
            for table in searched.tables
            for each in searched.reached(table, highest, OURS, AT, kind)
        )
    said["tables"] = len(searched.tables)
    said["configurations"] = sum(len(table.trials) for table in searched.tables)
    return said


def _ratios(searched: Searched, method: str, kind: str, name: str) -> dict[str, float]:
    """Of each table and percentile."""
    return {
        f"{name}_{percentile}_{table.name}": _ratio(searched, table, percentile, method, kind)
        for percentile in PERCENTILES
        for table in searched.tables
    }


def _shown(searched: Searched, method: str, short: str) -> dict[str, float]:
    """At how many targets ours is sooner, and later, by the interval of the ratio over seeds."""
    intervals = [
        _interval(searched, table, percentile, method)
        for percentile in PERCENTILES
        for table in searched.tables
    ]
    return {
        f"shown_ahead_of_{short}_{AT}": sum(high < 1 for _, high in intervals),
        f"shown_behind_{short}_{AT}": sum(low > 1 for low, _ in intervals),
    }


def _interval(searched: Searched, table: Table, percentile: int, rival: str) -> tuple[float, float]:
    """The ratio's 95% interval, the seeds of both being drawn with replacement."""
    generator = np.random.default_rng(0)
    ours, theirs = (
        np.array([each.epochs if each.found else math.inf for each in reached])[
            generator.integers(0, len(reached), (_RESAMPLES, len(reached)))
        ]
        for reached in (searched.reached(table, percentile, method, AT) for method in (OURS, rival))
    )
    ratios = [
        _quotient(one, other)
        for one, other in zip(np.median(ours, axis=1), np.median(theirs, axis=1), strict=True)
    ]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def _quotient(ours: float, theirs: float) -> float:
    """A search that misses never ends."""
    if math.isinf(ours):
        return 1.0 if math.isinf(theirs) else NEVER
    return min(NEVER, ours / theirs)


def _ratio(searched: Searched, table: Table, percentile: int, rival: str, kind: str) -> float:
    """Our trial-epochs as a part of another's, both medians."""
    ours, theirs = (
        _median(searched.reached(table, percentile, method, AT, kind), "epochs")
        for method in (OURS, rival)
    )
    return NEVER if math.isinf(ours) else _quotient(ours, theirs)


def _scaling(searched: Searched, table: Table, workers: int) -> float:
    """How many times sooner than one worker so many find the 99th percentile."""
    alone, together = (
        _median(searched.reached(table, max(PERCENTILES), OURS, count), "seconds")
        for count in (1, workers)
    )
    return alone / together if math.isfinite(together) else 0.0


def _median(reached: Sequence[Reach], of: str) -> float:
    return median(getattr(each, of) if each.found else math.inf for each in reached)
