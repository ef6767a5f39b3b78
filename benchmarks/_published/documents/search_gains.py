"""What a search gains: each detector's best of a quick search beside its published defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from _published.documents.common import KNOWN_TO_TEN, LEFT_OUT, ONE_CLASS
from _published.figures import at, noted, on_test, over_seeds, validation_gap
from _published.rows import Row, Value
from _published.runs import Search
from _published.summary import GAIN
from models import detectors

if TYPE_CHECKING:
    from _published.making import Made

DOCUMENT = "Search against published defaults"
DIGITS = 4


def searches() -> dict[str, Search]:
    """One for each detector that has something to search, by its name."""
    searched = [name for name in detectors.names() if detectors.hyperparameters(name)]
    own = {"two-discriminator-gan": "lossweights"}
    return {name: Search(space_file=own.get(name, name)) for name in searched}


def gain(made: Sequence[Made]) -> Value:
    """Test AUROC of the best minus that of the defaults, with its standard error."""
    best, defaults = (on_test("auroc", key)(made[0]) for key in ("best", "defaults"))
    spreads = [(figure["std"] or 0.0) ** 2 / figure["n"] for figure in (best, defaults)]
    error = sum(spreads) ** 0.5
    return Value(
        mean=best["mean"] - defaults["mean"],
        seeds=best["n"],
        note=f"Standard error {error:.4f}.",
        more={"standard_error": round(error, DIGITS + 2)},
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
            document=DOCUMENT,
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


ROWS = tuple(row for name, search in searches().items() for row in _rows(name, search))
