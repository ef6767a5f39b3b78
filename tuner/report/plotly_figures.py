"""The report's figures as Plotly's own objects, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tuner.report.section import Figure, Section

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

__all__ = ["PlotlyFigure", "plotly_figures"]
_LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
_ROW_PX = 260


def plotly_figures(sections: Sequence[Section]) -> dict[str, PlotlyFigure]:
    """Every figure that the sections have, by name: those of pairs of settings too."""
    found = {name: each for one in sections for name, each in one.figures.items()}
    data = {name: each for one in sections for name, each in one.data.items()}
    if "threshold" in data:
        found |= _at_threshold(found, data["threshold"])
    return {name: _made(each) for name, each in (found | data.get("contours", {})).items()}


def _made(figure: Figure) -> PlotlyFigure:
    """In the colours of the reader's own template."""
    from plotly.graph_objects import Figure as make  # noqa: PLC0415, N813 - half a second

    made = make({"data": figure["data"], "layout": {"legend": _LEGEND, **figure["layout"]}})
    rows = figure["layout"].get("grid", {}).get("rows", 1)
    if rows > 1:
        made.update_layout(height=rows * _ROW_PX)
    return made.update_xaxes(automargin=True).update_yaxes(automargin=True)


def _at_threshold(figures: Mapping[str, Figure], scores: Mapping[str, Any]) -> dict[str, Figure]:
    """The two figures that the page's script completes, as it does while nobody moves its slider.

    The histogram gets the scores, which a page carries once for all, and the curve its ring.
    """
    kinds, threshold = [np.asarray(scores[kind]) for kind in ("normal", "anomalous")], scores["set"]
    ring = figures["roc"]["data"][-1]
    flagged, found = ([float((kind > threshold).mean())] for kind in kinds)
    ring = ring | {"x": flagged, "y": found}
    line = {"dash": "dash", "width": 2, "color": ring["marker"]["color"]}
    at = {"type": "line", "x0": threshold, "x1": threshold, "yref": "paper", "y0": 0, "y1": 1}
    histogram = figures["scores"]
    traces = [
        trace | {"x": kind, "xbins": scores["bins"]}
        for trace, kind in zip(histogram["data"], kinds, strict=True)
    ]
    axis = histogram["layout"]["xaxis"] | {"range": scores["range"]}
    layout = histogram["layout"] | {"xaxis": axis, "shapes": [at | {"line": line}]}
    return {
        "roc": {**figures["roc"], "data": [*figures["roc"]["data"][:-1], ring]},
        "scores": {"data": traces, "layout": layout},
    }
