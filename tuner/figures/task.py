"""What a report is of, as metrics.json holds it: the data and the configuration of its best."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import detectors
from models.data.config import DataConfig
from models.data.registry import DATASETS, FOLDER

_NEW_DATA_FIELDS = (
    "anomalous",
    "known_classes",
    "resize",
    "grayscale",
    "bits",
    "skip_unreadable",
    "validation",
)
"""Reports of earlier versions do not have them, and were made with their defaults."""


def without_place(data: DataConfig) -> dict[str, Any]:
    """The fields of a configuration of data, but for where the files lie."""
    fields = dataclasses.asdict(data)
    del fields["folder"]
    return fields


def data_configuration(data: DataConfig) -> dict[str, Any]:
    """The fields as metrics.json holds them; classes of published data are told by their index."""
    fields = without_place(data)
    for each in dataclasses.fields(data):
        if each.name in _NEW_DATA_FIELDS and fields[each.name] == each.default:
            del fields[each.name]
    published = data.dataset != FOLDER
    written = fields | ({"normal": data.normal_classes} if published else {})
    plain: dict[str, Any] = json.loads(json.dumps(written))
    return plain


def whole_values(detector: str, values: Mapping[str, object]) -> dict[str, object]:
    """With the defaults of the hyperparameters that an earlier version did not know."""
    return {each.name: each.default for each in detectors.hyperparameters(detector)} | dict(values)


def dataset_title(data: DataConfig) -> str:
    """The images as people call them: a data set's name, or that of a folder."""
    if data.dataset != FOLDER or data.folder is None:
        return data.dataset
    name = Path(data.folder).expanduser().absolute().name
    return f"folder {name}" if name in DATASETS or not name else name
