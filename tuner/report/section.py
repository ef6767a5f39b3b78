"""What a section of the report is made of: a sentence, what its template needs, and figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Figure = Mapping[str, Any]
"""Plotly's own form, `{"data": [...], "layout": {...}}`, without colours of a theme."""

_MOST_TICKS = 15
_WIDEST = 3  # times the span of the good values: so much further down the worst are shown too


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report, drawn by the template of its `key`.

    `sentence` is what it shows, `title` one word for the list of contents, `data` what the page's
    script needs of it beside `figures`.
    """

    key: str
    title: str
    sentence: str
    context: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def layout(x: str, y: str, **more: Any) -> dict[str, Any]:
    """The layout of a figure whose axes are called so; `more` goes over it, key by key."""
    made: dict[str, Any] = {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}
    for key, value in more.items():
        made[key] = made[key] | value if isinstance(made.get(key), dict) else value
    return made


def epoch_axis(last: int) -> dict[str, Any]:
    """An axis of epochs up to the last: whole numbers alone, each of them where there are few."""
    return {"tickformat": "d"} | ({"dtick": 1} if last <= _MOST_TICKS else {})


def good_range(values: Iterable[float]) -> list[float]:
    """Where the good values are told apart: all, or all but a twentieth that lies far below."""
    ordered = sorted(values)
    if not ordered:
        return [0.0, 1.0]
    low, high = ordered[len(ordered) // 20], ordered[-1]
    if high - ordered[0] <= _WIDEST * (high - low):
        low = ordered[0]
    margin = max(0.05 * (high - low), 0.002)
    return [low - margin, high + margin]


def outside_text(values: Iterable[float]) -> str:
    """How many of these lie below their `good_range`; "" where none does."""
    shown = list(values)
    lowest, _ = good_range(shown)
    below = sum(value < lowest for value in shown)
    if not below:
        return ""
    verb = "lies" if below == 1 else "lie"
    return (
        f"{below:,} of {len(shown):,} points {verb} below what is shown; a double click shows all."
    )


def rounded(value: float, digits: int = 5) -> float:
    """A number as far as a picture can show it, so that a page of many stays small."""
    return float(f"{value:.{digits}g}")
