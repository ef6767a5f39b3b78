"""Paces, as benchmarks/detectors.py has measured them with nothing else on the machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from _result import result_file

from _published.rows import Figure, Value

if TYPE_CHECKING:
    from _published.making import Made

_STEPS = "50 steps of search an image; the paper's 500 take ten times as long."


def training_pace(detector: str) -> Figure:
    """Images of fit a second, 16 channels at 32 x 32."""
    return lambda made: _measured(made, detector, "images_per_s")


def scoring_ms(detector: str) -> Figure:
    """Milliseconds an image."""

    def value(made: Sequence[Made]) -> Value:
        pace = _measured(made, detector, "scored_per_s")
        return Value(mean=1000 / pace.mean, note=pace.note)

    return value


def _measured(made: Sequence[Made], detector: str, name: str) -> Value:
    figures = json.loads(result_file("detectors").read_text())["figures"]
    note = f"{_STEPS} " if detector == "anogan" and name == "scored_per_s" else ""
    said = f"{note}16 channels, 32 px, by benchmarks/detectors.py."
    return Value(mean=figures[f"{name}_{detector.replace('-', '_')}"], note=said)
