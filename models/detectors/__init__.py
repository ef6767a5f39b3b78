"""The detectors, found by looking at the folders here; `a_detector` is called "a-detector".

A folder holds `hyperparameters.py`, torch-free, and `detector.py` (DETECTOR, the class). Nothing
else has to be told of a new one. Importing this module does not import torch.

`hyperparameters.py` says HYPERPARAMETERS, REQUIREMENTS and PAPER, and where they are not the usual
ones PUBLISHED (sets of values by name, {}), STAGES (`models.stages`, one stage), SCORES
(`models.scores`, {}) and PACKABLE (False if lanes of it cannot share a step).
"""

import importlib
import os
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.hyperparameters import Hyperparameter, Value, resolve_values
from models.names import Named, unknown
from models.requirements import Requirements
from models.scores import Scores
from models.stages import SINGLE, Shares, shares_problem

if TYPE_CHECKING:
    from models.detectors.base import Detector


class FolderProblem(ValueError):  # noqa: N818 - it says what is wrong
    """What is wrong with a detector's folder; the text names it."""


def names() -> tuple[str, ...]:
    """Every detector, in alphabetical order.

    Raises FolderProblem where a folder's name is not that of a module.
    """
    return _names_in(tuple((place, _changed(place)) for place in __path__))


def _changed(place: str) -> tuple[int, ...]:
    """When the folder and those in it last got or lost a file."""
    with os.scandir(place) as entries:
        inner = [entry.stat().st_mtime_ns for entry in entries if entry.is_dir()]
    return (Path(place).stat().st_mtime_ns, *sorted(inner))


@cache
def _names_in(places: tuple[tuple[str, tuple[int, ...]], ...]) -> tuple[str, ...]:
    """Those in these folders, looked for again when one of them has changed since."""
    found = pkgutil.iter_modules([place for place, _ in places])
    folders = [module.name for module in found if module.ispkg]
    for folder in folders:
        if not folder.isidentifier():
            raise FolderProblem(
                f"the folder {folder} among the detectors cannot be imported: name it with _ in "
                f"place of -, {re.sub(r'[^0-9A-Za-z]', '_', folder)}"
            )
    return tuple(sorted(folder.replace("_", "-") for folder in folders))


def hyperparameters(detector: str) -> tuple[Hyperparameter, ...]:
    """What can be set of a detector."""
    declared: tuple[Hyperparameter, ...] = _declared(detector, "hyperparameters", "HYPERPARAMETERS")
    return declared


def requirements(detector: str) -> Requirements:
    """What it asks of the images."""
    declared: Requirements = _declared(detector, "hyperparameters", "REQUIREMENTS")
    return declared


def published(detector: str) -> dict[str, dict[str, Value]]:
    """The published settings by the name people know them under: {} where there are none."""
    sets = getattr(_module(detector, "hyperparameters"), "PUBLISHED", {})
    return {name: dict(values) for name, values in sets.items()}


def paper(detector: str) -> str:
    """Where it was published."""
    declared: str = _declared(detector, "hyperparameters", "PAPER")
    return declared


def stages(detector: str) -> Shares:
    """The share of the epochs that each stage of its training takes; {} if it trains nothing."""
    declared: Shares = getattr(_module(detector, "hyperparameters"), "STAGES", SINGLE)
    if problem := shares_problem(declared):
        raise FolderProblem(f"{detector}: {problem}; see STAGES beside its hyperparameters")
    return declared


def scores(detector: str) -> Scores:
    """Its scores that are weighted sums of score parts, by name."""
    declared: Scores = getattr(_module(detector, "hyperparameters"), "SCORES", {})
    return declared


def resolve(detector: str, values: Mapping[str, object]) -> dict[str, Value]:
    """All hyperparameters: the defaults overlaid with `values`, checked.

    Raises ValueError naming every unknown name and every value that is not allowed.
    """
    return resolve_values(hyperparameters(detector), values, detector)


def structure(detector: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of all hyperparameters that trials of one fused step must agree on.

    Values that an earlier version recorded may lack some: those have their defaults.
    """
    return {
        hyperparameter.name: values.get(hyperparameter.name, hyperparameter.default)
        for hyperparameter in hyperparameters(detector)
        if hyperparameter.structural
    }


def learns_anomalies(detector: str) -> bool:
    """Whether it sees known anomalies in fit."""
    return requirements(detector).known_anomalies


def packable(detector: str) -> bool:
    """Whether several configurations can train as lanes of one step."""
    return bool(getattr(_module(detector, "hyperparameters"), "PACKABLE", True))


def load(detector: str) -> "type[Detector]":
    """The detector's class; imports torch."""
    loaded: type[Detector] = _declared(detector, "detector", "DETECTOR")
    return loaded


def make(detector: str, values: Mapping[str, Value], channels: int, size: int) -> "Detector":
    """The detector of these hyperparameters, for images of this shape; imports torch."""
    elsewhere = {
        each.name: _not_structural(each)
        for each in hyperparameters(detector)
        if not each.structural
    }
    kind = f"structural hyperparameter of {detector}"
    named = Named(kind, structure(detector, values), elsewhere)
    return load(detector)(named, channels, size)


def _not_structural(hyperparameter: Hyperparameter) -> str:
    name = hyperparameter.name
    if isinstance(hyperparameter.default, str):
        return f"{name} is not structural: a detector is not told such a word"
    return f"{name} is not structural: use model.settings[{name!r}]"


def _module(detector: str, part: str) -> ModuleType:
    folder = detector.replace("-", "_")
    if detector not in names():
        text = unknown("detector", detector, names())
        if any((Path(place) / folder).is_dir() for place in __path__):
            text += f"; the folder {folder} has no __init__.py"
        raise ValueError(text)
    name = f"{__name__}.{folder}.{part}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, and imports what is not
            raise
        raise FolderProblem(f"{detector}: its folder {folder} has no {part}.py") from None


def _declared(detector: str, part: str, name: str) -> Any:
    module = _module(detector, part)
    if not hasattr(module, name):
        raise FolderProblem(f"{detector}: {part}.py in its folder says no {name}")
    return getattr(module, name)
