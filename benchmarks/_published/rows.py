"""A row of the table: whose figure it is, what was published, and how ours is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from _published.behaviour import behaviour
from _published.runs import Run, digest_of, scale_text

if TYPE_CHECKING:
    from _published.making import Made


@dataclass(frozen=True, kw_only=True)
class Value:
    """Our figure: mean and spread over so many seeds, and what has to be said beside it."""

    mean: float
    std: float | None = None
    seeds: int = 1
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)


Figure = Callable[[Sequence["Made"]], Value]

Entry = Mapping[str, Any]
"""A row as it stands in the file of results."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row; `one_of` is the class, the category or what else it is of.

    `at_least` is what is to be reached. `differs` says what differs from what was published, and
    why ours says nothing of the published value, where the two are not `comparable`. `below` says
    why a figure is below chance, where the detector does not say it.
    """

    document: str
    system: str
    data: str
    protocol: str
    one_of: str
    metric: str
    runs: tuple[Run, ...]
    figure: Figure
    published: float | None = None
    at_least: float | None = None
    comparable: bool = True
    differs: str = ""
    below: str = ""

    @property
    def key(self) -> str:
        """What the row is called by `--only` and in the JSON."""
        parts = (self.document, self.system, self.data, self.protocol, self.one_of, self.metric)
        return " | ".join(parts)

    @property
    def digest(self) -> str:
        """Of all that our figure depends on: what is trained, and what the detectors compute."""
        detectors = sorted({run.detector for run in self.runs})
        behave = [behaviour(name) for name in detectors]
        return digest_of([[run.definition() for run in self.runs], behave])

    @property
    def scale(self) -> str:
        """At which scale it was made; "" where it has no runs."""
        texts = dict.fromkeys(scale_text(run) for run in self.runs)
        return "; ".join(texts)
