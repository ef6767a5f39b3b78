"""The detectors, found by looking at the folders here; `a_detector` is called "a-detector".

A folder holds `hyperparameters.py` (HYPERPARAMETERS, REQUIREMENTS and PUBLISHED, torch-free;
PACKABLE = False if lanes of it cannot share a step) and
`detector.py` (DETECTOR). Nothing else has to be told of a new one. Importing this module does not
import torch.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.hyperparameters import Hyperparameter, Value, resolve_values
from models.names import unknown
from models.requirements import Requirements

if TYPE_CHECKING:
    from models.detectors.base import Detector


def names() -> tuple[str, ...]:
    """Every detector, in alphabetical order."""
    folders = (module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
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
    return {
        name: dict(values)
        for name, values in _declared(detector, "hyperparameters", "PUBLISHED").items()
    }


def resolve(detector: str, values: Mapping[str, object]) -> dict[str, Value]:
    """All hyperparameters: the defaults overlaid with `values`, checked.

    Raises ValueError naming every unknown name and every value that is not allowed.
    """
    return resolve_values(hyperparameters(detector), values, detector)


def structure(detector: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of all hyperparameters that trials of one fused step must agree on."""
    return {
        hyperparameter.name: values[hyperparameter.name]
        for hyperparameter in hyperparameters(detector)
        if hyperparameter.structural
    }


def learns_anomalies(detector: str) -> bool:
    """Whether it sees known anomalies in fit: whether it says how many of them are in a batch."""
    return any(each.name == "batch_anomalies" for each in hyperparameters(detector))


def packable(detector: str) -> bool:
    """Whether several configurations can train as lanes of one step."""
    return bool(getattr(_module(detector, "hyperparameters"), "PACKABLE", True))


def load(detector: str) -> "Detector":
    """The detector itself; imports torch."""
    loaded: Detector = _declared(detector, "detector", "DETECTOR")
    return loaded


def _module(detector: str, part: str) -> ModuleType:
    folder = detector.replace("-", "_")
    if detector not in names():
        text = unknown("detector", detector, names())
        if any((Path(place) / folder).is_dir() for place in __path__):
            text += f"; the folder {folder} has no __init__.py"
        raise ValueError(text)
    return importlib.import_module(f"{__name__}.{folder}.{part}")


def _declared(detector: str, part: str, name: str) -> Any:
    module = _module(detector, part)
    if not hasattr(module, name):
        raise ValueError(f"{detector}: {part}.py in its folder says no {name}")
    return getattr(module, name)
