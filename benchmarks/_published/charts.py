"""One bar chart a document: published beside ours."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _published.below import CHANCE
from _published.rows import Entry
from _published.summary import ABOVE_OTHERS, GAIN, MEAN, OF_BEST, OF_DEFAULTS, quoted
from tuner.figures.colours import GUIDE, contender_colour
from tuner.figures.metrics import BEST
from tuner.retrain.pictures.style import DARK, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_IN_TABLES = (GAIN, ABOVE_OTHERS, "AUPRC")
"""Differences, and AUPRC, which stands beside the AUROC of the same scores."""
_BAR = 0.4
_MANY = 5
_TITLE = 40
"""Letters of a line of a title."""
_ROOM = 0.1
"""Beside the longest bar, for its number."""


@dataclass(frozen=True, kw_only=True)
class _Bars:
    """A row's bar, and the value and spread of the one beside it."""

    row: Entry
    beside: float | None
    beside_std: float | None = None


def chart_name(document: str) -> str:
    """The file name of a document's chart."""
    plain_name = re.sub(r"[^a-z0-9]+", "-", document.lower()).strip("-")
    return f"published-{plain_name[:40].strip('-')}.png"


def draw_charts(rows: Sequence[Entry], folder: Path) -> None:
    """Draw the chart of every document that has a row."""
    folder.mkdir(exist_ok=True)
    for document in dict.fromkeys(row["document"] for row in rows):
        shown = charted([row for row in rows if row["document"] == document])
        if shown:
            _draw(document, shown, folder / chart_name(document))


def charted(rows: Sequence[Entry]) -> list[Entry]:
    """The rows that fit a chart: of shares, those with a published value and the means of classes.

    All, where there is no mean and few have a published value to compare with.
    """
    shares = [
        row
        for row in rows
        if row["ours"] is not None and row["metric"] not in _IN_TABLES and 0 <= row["ours"] <= 1
    ]
    means = [row for row in shares if row["class"] == MEAN]
    with_published = [row for row in shares if quoted(row) is not None]
    if means:
        return [*(row for row in with_published if row["class"] != MEAN), *means]
    return with_published if len(with_published) >= _MANY else shares


def _pairs(rows: Sequence[Entry]) -> tuple[str, list[_Bars]]:
    """What is drawn beside what, and the bars."""
    of_defaults = {row["system"]: row for row in rows if row["metric"] == OF_DEFAULTS}
    if of_defaults:
        found = [row for row in rows if row["metric"] == OF_BEST]
        return "\nblue: the best of a search, grey: the defaults", [
            _Bars(row=row, beside=other["ours"], beside_std=other["std"])
            for row in found
            for other in (of_defaults[row["system"]],)
        ]
    bars = [_Bars(row=row, beside=quoted(row)) for row in rows]
    any_grey = any(each.beside is not None for each in bars)
    return "\nblue: ours, grey: published" if any_grey else "", bars


def _draw(document: str, rows: Sequence[Entry], path: Path) -> None:
    colours, bars = _pairs(rows)
    figure = new_figure(9, 1.2 + 0.3 * len(bars))
    axes = figure.subplots()
    for place, each in enumerate(bars):
        apart = 0.0 if each.beside is None else _BAR / 2
        _bar(axes, place - apart, each.row["ours"], each.row["std"], contender_colour(BEST))
        if each.beside is not None:
            _bar(axes, place + apart, each.beside, each.beside_std, GUIDE)
    axes.set_yticks(range(len(bars)), [_label(each.row) for each in bars], fontsize=8)
    axes.set_ylim(len(bars) - _BAR, -1 + _BAR)
    axes.set_xlim(0, 1 + _ROOM)
    if any("AUROC" in each.row["metric"] for each in bars):
        axes.axvline(CHANCE, color=DARK, linewidth=0.8, linestyle=":")
    title = textwrap.fill(document, _TITLE, break_on_hyphens=False) + colours
    axes.set_title(title, fontsize=10, color=DARK)
    plain(axes)
    save(figure, path)


def _bar(axes: Axes, place: float, value: float, std: float | None, colour: str) -> None:
    spread = std or 0.0
    below, above = min(spread, value), min(spread, 1 - value)
    axes.barh(place, value, _BAR, xerr=[[below], [above]] if spread else None, color=colour)
    end = value + above
    axes.text(end, place, f" {value:.3f}", va="center", fontsize=7, color=DARK)


def _label(row: Entry) -> str:
    of = "" if row["class"] == MEAN else f", {row['class']}"
    metric = row["metric"].removesuffix(" of the best")
    return f"{row['system']}, {row['data']} {row['protocol']}{of}, {metric}"
