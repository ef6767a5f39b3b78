"""What a search gains: each detector's best of a quick search beside its published defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from _published.document import Document, Line, MadeRows
from _published.documents.common import KNOWN_TO_TEN, LEFT_OUT, ONE_CLASS, quick_search
from _published.figures import (
    at,
    noted,
    on_test,
    over_seeds,
    validation_gap,
    which_published,
)
from _published.rows import Row, Value
from _published.runs import Search
from _published.summary import GAIN, OF_BEST, OF_DEFAULTS, significance
from models import detectors
from tuner.space import load_space

if TYPE_CHECKING:
    from _published.making import Made

NAME = "Search against published defaults"
_PUBLISHED = "published defaults "
"""Begins the label of a published set in a report."""
_ERRORS_IN_INTERVAL = 2 * 1.96
"""Standard errors that a 95% interval is wide."""


def searches() -> dict[str, Search]:
    """One for each detector that has something to search, by its name."""
    searched = [name for name in detectors.names() if detectors.hyperparameters(name)]
    own = {"two-discriminator-gan": "lossweights"}
    return {name: quick_search(own.get(name, name)) for name in searched}


def gain(made: Sequence[Made]) -> Value:
    """Test AUROC of the best minus that of the defaults, with its standard error.

    The error is of the report's bootstrap, which draws seeds and test images: seeds alone would
    find any difference of two detectors without chance significant.
    """
    ahead = made[0].metrics["ahead"]["defaults"]
    low, high = ahead["ci95"]
    error = (high - low) / _ERRORS_IN_INTERVAL
    said = which_published(made)
    return Value(
        mean=ahead["auroc"],
        seeds=made[0].metrics["test"]["auroc"]["n"],
        note=f"{said} Nothing is to gain." if said else f"Standard error {error:.4f}.",
        more={"standard_error": round(error, 6)},
    )


def _rows(name: str, search: Search) -> list[Row]:
    data = search.space().data
    known = detectors.learns_anomalies(name)
    protocol = KNOWN_TO_TEN if known else LEFT_OUT if data.anomalous else ONE_CLASS
    figures = {
        OF_BEST: noted(over_seeds(on_test("auroc")), _in_search, validation_gap),
        OF_DEFAULTS: noted(over_seeds(on_test("auroc", "defaults")), _defaults_gap),
        GAIN: gain,
    }
    return [
        Row(
            document=NAME,
            system=name,
            data="FashionMNIST",
            protocol=protocol,
            one_of=", ".join(map(str, data.anomalous or data.normal)),
            metric=metric,
            runs=(search,),
            figure=figure,
        )
        for metric, figure in figures.items()
    ]


def _in_search(made: Sequence[Made]) -> str:
    """What the search itself saw, which is the best of many, and what fresh seeds have."""
    result = load_space(made[0].folder.best).result or {}
    retrained = made[0].metrics["validation"]["auroc"]["mean"]
    return (
        f"The best trial's validation AUROC: {result['value']:.3f}; that of the retrained: "
        f"{retrained:.3f}."
    )


def _defaults_gap(made: Sequence[Made]) -> str:
    gap = at("defaults", "validation_minus_test", "auroc")(made[0])["mean"]
    label = made[0].metrics["defaults"]["label"]
    own = "This project's own."
    published = f"The published set {label.removeprefix(_PUBLISHED)}."
    whose = published if label.startswith(_PUBLISHED) else own
    return f"{whose} Validation minus test: {gap:+.3f}."


def _whose(rows: MadeRows) -> str:
    """Gains and losses, of published settings and of the project's own."""
    gains = [row for row in rows.all() if row["metric"] == GAIN]
    gained, lost = (
        [row["system"] for row in gains if significance(row) == sign] for sign in (1, -1)
    )
    names = {row["system"] for row in gains}
    published = {name for name in names if detectors.published(name)}
    shown = [
        f"{', '.join(name for name in gained if name in of) or 'none'} of the {len(of)} {text}"
        for of, text in (
            (published, "whose defaults are a published set"),
            (names - published, "whose defaults are this project's"),
        )
    ]
    return (
        f"The search gains more than two standard errors with {' and with '.join(shown)}; it loses "
        f"as much with {', '.join(lost) or 'none'}. Published learning rates were meant for many "
        "times as many steps as there are here. Where several sets are published, the defaults are "
        "the one that was best in the search. A set that is published is tried by the search, the "
        "project's own defaults are not. The standard error is of the report's bootstrap, over "
        "test images, the same of both, and over the three seeds of each: neither another search "
        f"nor another split is in it, and of {len(names)} differences one may well pass two "
        "standard errors by chance."
    )


def _significant(figures: Mapping[str, float]) -> str:
    gained, lost = figures["search_gain_significant"], figures["search_loss_significant"]
    return f"{gained:g} gain, {lost:g} lose of {figures['searched']:g}"


DOCUMENT = Document(
    name=NAME,
    rows=tuple(row for name, search in searches().items() for row in _rows(name, search)),
    line=Line(
        of="detectors whose search gains, or loses, more than two standard errors over the "
        "defaults",
        counted=_significant,
    ),
    sentences=(_whose,),
)
