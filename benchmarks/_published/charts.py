"""One bar chart a document: published beside ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _published.summary import GAIN, MEAN
from tuner.figures.colours import GUIDE, contender_colour
from tuner.figures.metrics import BEST
from tuner.retrain.pictures.style import DARK, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = Mapping[str, Any]
_BAR = 0.4
_ROOM = 0.1
"""Beside the longest bar, for its number."""


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
    """The rows that fit a chart: of shares, the means where there are such, else all."""
    shares = [
        row
        for row in rows
        if row["ours"] is not None and row["metric"] != GAIN and 0 <= row["ours"] <= 1
    ]
    means = [row for row in shares if row["class"] == MEAN]
    quoted = [row for row in shares if row["published"] is not None]
    return means or (quoted if len(quoted) > len(shares) / 3 else shares)


def _draw(document: str, rows: Sequence[Entry], path: Path) -> None:
    figure = new_figure(9, 1.2 + 0.3 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        _bar(axes, place - _BAR / 2, row["ours"], row["std"], contender_colour(BEST))
        if row["published"] is not None:
            _bar(axes, place + _BAR / 2, row["published"], None, GUIDE)
    quoted = any(row["published"] is not None for row in rows)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1 + _ROOM)
    colours = "\nblue: ours, grey: published" if quoted else ""
    axes.set_title(document + colours, fontsize=10, color=DARK)
    plain(axes)
    save(figure, path)


def _bar(axes: Axes, place: float, value: float, std: float | None, colour: str) -> None:
    axes.barh(place, value, _BAR, xerr=std, color=colour)
    end = value + (std or 0)
    axes.text(end, place, f" {value:.3f}", va="center", fontsize=7, color=DARK)


def _label(row: Entry) -> str:
    of = "" if row["class"] == MEAN else f", {row['class']}"
    return f"{row['system']}, {row['data']} {row['protocol']}{of}, {row['metric']}"
