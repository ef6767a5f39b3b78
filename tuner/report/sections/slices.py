"""The value over each setting, and over pairs of settings."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.figures.colours import BEST_TRIAL
from tuner.report.axes import Axis
from tuner.report.importance import LEAST
from tuner.report.kinds import KINDS, kind_of
from tuner.report.material import Material, values_of
from tuner.report.section import Figure, Section, good_range, outside_text, rounded
from tuner.report.words import listed
from tuner.results.leaderboard import Standing, tied_for_first

_GRID, _WIDTH = 24, 0.1
_MOST, _PAIRED = 9, 6
_COLUMNS = 3
_Points = NDArray[np.float64]


def section(material: Material) -> Section:
    """Slices, and the contours of the pairs of the most important settings."""
    ranked = [one.trial for one in material.ranking]
    axes = [
        Axis(name=n, domain=material.space.search[n], values=values_of(ranked, n))
        for n in material.searched[:_MOST]
    ]
    drawn = len(material.ranking) > 1 and bool(axes)
    pairs = contours(material, axes[:_PAIRED]) if drawn else {}
    return Section(
        key="slices",
        title="Slices",
        sentence=_sentence(material, axes) if drawn else "There are too few trials to draw slices.",
        context={
            "drawn": drawn,
            "pairs": list(pairs),
            "epoch": material.compared.epoch,
            "rows": math.ceil(len(axes) / _COLUMNS),
            "about": _about(material),
        },
        figures={"slices": figure(material, axes)} if drawn else {},
        data={"contours": pairs},
    )


def _sentence(material: Material, axes: list[Axis]) -> str:
    first = [one.trial for one in tied_for_first(material.ranking)]
    at_end = [a.name for a in axes if all(_near_end(a, t.settings.get(a.name)) for t in first)]
    if len(first) > 1:
        return _of_tied(len(first), at_end)
    if not at_end:
        return "The best trial lies near no end of a range that was searched."
    names = listed(at_end)
    return (
        f"The best trial lies near an end of the range of {names}: whether a wider range holds "
        "better was not searched."
    )


def _of_tied(number: int, at_end: list[str]) -> str:
    """Where the best tie, one of them says nothing that the others do not."""
    tied = f"{number} trials tie as the best"
    if not at_end:
        return f"{tied}: they lie together near no end of a range, so none asks to be widened."
    return (
        f"{tied}, all of them near an end of the range of {listed(at_end)}: whether a wider range "
        "holds better was not searched."
    )


def _about(material: Material) -> str:
    order = "in the order of the space file" if material.importance is None else "by importance"
    words = [
        f"A panel for each setting, {order}; a point is a trial, its value upwards, and the red "
        "ring is the best. Trials that were stopped early have lower values because they trained "
        "less.",
        outside_text(one.value for one in material.ranking),
    ]
    return " ".join(filter(None, words))


def _near_end(axis: Axis, value: Any) -> bool:
    """Whether it lies in the outer twentieth of a range; a choice has no ends."""
    if value is None or (axis.ticks and not axis.log):
        return False
    low, high = axis.searched
    place = (axis.place(value) - low) / (high - low)
    return bool(math.isfinite(place) and not 0.05 <= place <= 0.95)


def figure(material: Material, axes: list[Axis]) -> Figure:
    """A panel for each setting, the value upwards."""
    traces: list[dict[str, Any]] = []
    columns = min(_COLUMNS, len(axes))
    view: dict[str, Any] = {
        "grid": {
            "rows": math.ceil(len(axes) / columns),
            "columns": columns,
            "pattern": "independent",
            "xgap": 0.12,
            "ygap": 0.34,
        }
    }
    good = good_range(one.value for one in material.ranking)
    groups = _groups(material)
    for place, axis in enumerate(axes):
        end = str(place + 1) if place else ""
        view[f"xaxis{end}"] = axis.settings()
        view[f"yaxis{end}"] = {
            "range": good,
            "title": {"text": material.metric_title if place % columns == 0 else ""},
        }
        traces += [_dots(axis, group, end, legend=place == 0) for group in groups]
    return {"data": traces, "layout": view}


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Trials that are drawn alike."""

    name: str
    marker: Mapping[str, object]
    trials: Sequence[Standing]


def _groups(material: Material) -> list[_Group]:
    """Those of each kind, and the best on top of them."""
    best, *others = material.ranking
    groups = [
        _Group(
            name=kind.name,
            marker={"color": kind.colour, "symbol": kind.symbol, "size": 6},
            trials=[one for one in others if kind_of(one.trial) is kind],
        )
        for kind in KINDS
    ]
    ring = {"color": BEST_TRIAL, "size": 12, "symbol": "circle-open", "line": {"width": 3}}
    top = _Group(name="best", marker=ring, trials=[best])
    return [each for each in (*groups, top) if each.trials]


def _dots(axis: Axis, group: _Group, end: str, *, legend: bool) -> dict[str, Any]:
    there = [one for one in group.trials if axis.name in one.trial.settings]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": group.name,
        "legendgroup": group.name,
        "showlegend": legend,
        "x": [rounded(axis.place(one.trial.settings[axis.name])) for one in there],
        "y": [rounded(one.value) for one in there],
        "text": [
            f"trial {one.trial.number}: {axis.name} {one.trial.settings[axis.name]}"
            for one in there
        ],
        "xaxis": f"x{end}",
        "yaxis": f"y{end}",
        "marker": {**group.marker, "opacity": 0.8},
        "hovertemplate": "%{text}<br>%{y:.4f}<extra></extra>",
    }


def contours(material: Material, axes: list[Axis]) -> dict[str, Figure]:
    """A figure for each pair of axes by its name, the most important pair first.

    The surface is the mean of the trials nearby, weighted by their distance; it is left open where
    none is near.
    """
    found = {}
    for first, second in itertools.combinations([a for a in axes if not a.ticks or a.log], 2):
        points = _points(material, first, second)
        if len(points) >= LEAST:
            found[f"{first.name} and {second.name}"] = _contour(material, first, second, points)
    return found


def _points(material: Material, first: Axis, second: Axis) -> _Points:
    """Rows x, y, value of the trials that are compared at one epoch."""
    rows = [
        (
            first.place(t.settings[first.name]),
            second.place(t.settings[second.name]),
            value,
        )
        for t, value in material.compared.trials
        if first.name in t.settings and second.name in t.settings
    ]
    made = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return made[np.isfinite(made).all(axis=1)]


def _contour(material: Material, first: Axis, second: Axis, points: _Points) -> Figure:
    xs, ys = np.linspace(*first.ends, _GRID), np.linspace(*second.ends, _GRID)
    surface = {
        "type": "contour",
        "x": [rounded(x) for x in xs.tolist()],
        "y": [rounded(y) for y in ys.tolist()],
        "z": _smooth(points, xs, ys),
        "colorscale": [[0, "#26456e"], [0.5, "#5f9bc8"], [1, "#f2dc8c"]],  # from dark to light
        "contours": {"coloring": "heatmap"},
        "line": {"width": 0.6},
        "colorbar": {"title": {"text": material.metric.upper()}, "thickness": 12},
        "hovertemplate": "about %{z:.4f}<extra></extra>",
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [rounded(x) for x in points[:, 0].tolist()],
        "y": [rounded(y) for y in points[:, 1].tolist()],
        "marker": {
            "color": "rgba(255,255,255,0.75)",
            "size": 4,
            "line": {"color": "#333", "width": 0.5},
        },
        "text": [f"{value:.4f}" for value in points[:, 2].tolist()],
        "hovertemplate": "%{text}<extra></extra>",
    }
    view = {"xaxis": first.settings(), "yaxis": second.settings(), "showlegend": False}
    return {"data": [surface, dots], "layout": view}


def _smooth(points: _Points, xs: _Points, ys: _Points) -> list[list[float | None]]:
    """Values [y, x]; None where less than half a trial is near."""
    x_scale, y_scale = np.ptp(xs) * _WIDTH, np.ptp(ys) * _WIDTH
    near_x = np.exp(-0.5 * ((xs[:, None] - points[:, 0]) / x_scale) ** 2)
    near_y = np.exp(-0.5 * ((ys[:, None] - points[:, 1]) / y_scale) ** 2)
    weight = near_y @ near_x.T
    mean = (near_y * points[:, 2]) @ near_x.T / np.maximum(weight, 1e-12)
    return [
        [
            rounded(value) if there >= 0.5 else None
            for value, there in zip(row, weights, strict=True)
        ]
        for row, weights in zip(mean.tolist(), weight.tolist(), strict=True)
    ]
