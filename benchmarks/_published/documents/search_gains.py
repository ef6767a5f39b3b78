"""What a search gains: each detector's best of a quick search beside its published defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from _published.document import Document, Line
from _published.documents.common import KNOWN_TO_TEN, LEFT_OUT, ONE_CLASS, quick_search
from _published.figures import at, noted, on_test, over_seeds, validation_gap
from _published.rows import Row, Value
from _published.runs import Search
from _published.summary import GAIN
from models import detectors

if TYPE_CHECKING:
    from _published.making import Made

NAME = "Search against published defaults"
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
    return Value(
        mean=ahead["auroc"],
        seeds=made[0].metrics["test"]["auroc"]["n"],
        note=f"Standard error {error:.4f}.",
        more={"standard_error": round(error, 6)},
    )


def _rows(name: str, search: Search) -> list[Row]:
    data = search.space().data
    known = detectors.learns_anomalies(name)
    protocol = KNOWN_TO_TEN if known else LEFT_OUT if data.anomalous else ONE_CLASS
    figures = {
        "AUROC of the best": noted(over_seeds(on_test("auroc")), validation_gap),
        "AUROC of the defaults": noted(over_seeds(on_test("auroc", "defaults")), _defaults_gap),
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


def _defaults_gap(made: Sequence[Made]) -> str:
    gap = at("defaults", "validation_minus_test", "auroc")(made[0])["mean"]
    return f"Validation minus test: {gap:+.3f}."


def _significant(figures: Mapping[str, float]) -> str:
    return f"{figures['search_gain_significant']:g} of {figures['searched']:g}"


DOCUMENT = Document(
    name=NAME,
    rows=tuple(row for name, search in searches().items() for row in _rows(name, search)),
    line=Line(
        of="detectors whose search gains more than two standard errors over the defaults",
        counted=_significant,
    ),
)
