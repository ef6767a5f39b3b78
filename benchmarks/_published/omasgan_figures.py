"""Figures of OMASGAN's rows: what its parts tell alone, and its gain over other systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from _published.figures import on_test, spread
from _published.rows import Figure, Value

if TYPE_CHECKING:
    from _published.making import Made

_STAGES = {"discriminator": "normal"}
"""The stage whose score a part is, of what is no part of the last one's."""


def of_part(part: str) -> Figure:
    """The mean over classes of the test AUROC of one score part alone, of the same models."""

    def value(made: Sequence[Made]) -> Value:
        found = spread([float(np.mean([_part_auroc(one, part) for one in made]))])
        return replace(found, note="Of the same models, by one score part alone.")

    return value


def _part_auroc(made: Made, part: str) -> float:
    from models.data.loading import load_test
    from models.data.sources import find
    from models.evaluation.metrics import auroc
    from models.fitted import FittedDetector
    from tuner.space import load_space

    data = load_space(made.folder.best).data
    test = load_test(data, find(data))
    fitted = FittedDetector.load(made.folder.model)
    if part in _STAGES:
        fitted = replace(fitted, stage=_STAGES[part])
    return auroc(test.anomalous.numpy(), fitted.score_parts(test.images)[part].double().numpy())


def gain_over_others(own: int) -> Figure:
    """How far the mean of the first runs lies above that of all others."""

    def value(made: Sequence[Made]) -> Value:
        means = [on_test("auroc")(one)["mean"] for one in made]
        return Value(mean=float(np.mean(means[:own]) - np.mean(means[own:])))

    return value
