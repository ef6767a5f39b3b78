"""The best configuration of a search as a space of its own: nothing to search, all fixed."""

from __future__ import annotations

from collections.abc import Mapping

from models.hyperparameters import Value
from tuner.space.model import Space


def best_space(
    space: Space, hyperparameters: Mapping[str, Value], result: Mapping[str, object]
) -> Space:
    """Return a resolved space with every hyperparameter fixed, one trial, and what was found.

    `result` holds plain values only. tuner.search and tuner.retrain both read the file of it.
    """
    fixed = {"search": {}, "fixed": dict(hyperparameters), "trials": 1, "result": dict(result)}
    free: dict[str, object] = {
        "require": []
    }  # a published set, which is tried whatever it is, may be the best
    return Space.model_validate(space.model_dump() | fixed | free)
