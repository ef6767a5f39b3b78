"""What a section of the report is made of: a sentence, what its template needs, and figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Figure = Mapping[str, Any]
"""Plotly's own form, `{"data": [...], "layout": {...}}`, without colours of a theme."""

BEST, COMPLETE, STOPPED, DIVERGED = "#d1495b", "#5b8fc7", "#9aa2ad", "#e0962f"
PUBLISHED = ("#2a9d6f", "#8e6bbf", "#0aa0ae", "#a8842c")
"""Colours that are told apart on light and on dark paper."""


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


def rounded(value: float, digits: int = 5) -> float:
    """A number as far as a picture can show it, so that a page of many stays small."""
    return float(f"{value:.{digits}g}")
