"""The `data` section: the settings of models.data, with their own checks, one error a key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from models.data.config import EACH, DataConfig
from models.data.registry import DATASETS, FOLDER
from models.names import nearest, shown
from tuner.errors import Problem
from tuner.space.key_sections import Places, unknown_key

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a word",
    "boolean": "true or false",
    "tuple": "a list in square brackets",
}


def _as_tuple(key: str, value: object) -> object:
    if key == "normal" and value == EACH:
        return (EACH,)
    return tuple(value) if isinstance(value, list) else value


def data_problems(written: object, elsewhere: Places | None = None) -> list[Problem]:
    """List what is wrong with a `data` section as written, each under its own key.

    `elsewhere` says where keys of other sections belong.
    """
    if isinstance(written, DataConfig):
        return []
    if not isinstance(written, Mapping):
        return [
            Problem(path=("data",), text=f"must be a section of settings, got {shown(written)}")
        ]
    hints = get_type_hints(DataConfig)
    problems = [
        Problem(path=("data", str(key)), text=text)
        for key, value in written.items()
        if (
            text := _problem_of(str(key), value, hints, written)
            if key in hints
            else unknown_key("setting of the data", key, hints, elsewhere or {})
        )
    ]
    return problems or _problem_together(written)


def _problem_of(
    key: str, value: object, hints: Mapping[str, Any], written: Mapping[str, object]
) -> str:
    dataset = written.get("dataset")
    try:
        TypeAdapter(hints[key]).validate_python(_as_tuple(key, value), strict=True)
    except ValidationError as error:
        wanted = dict.fromkeys(_wanted(one["msg"]) for one in error.errors())
        return f"must be {' or '.join(wanted)}, got {shown(value)}{_as_list(key, value, dataset)}"
    except ValueError as error:
        return str(error)
    own = _alone(value) if key == "dataset" else {key: value}
    return _text_of_construction({**_beside(key, written), **own}).removeprefix(f"{key}: ")


def _beside(key: str, written: Mapping[str, object]) -> Mapping[str, object]:
    """What a key is checked with: what its class names refer to, as far as that is right itself."""
    found: dict[str, object] = {}
    others = ("normal", "anomalous") if key == "known_classes" else ()
    classes = ({name: written[name]} for name in others if name in written)
    for beside in (_alone(written.get("dataset")), *classes):
        if key not in beside and not _text_of_construction({**found, **beside}):
            found |= beside
    return found


def _as_list(key: str, value: object, dataset: object) -> str:
    """What was meant by one class without brackets, spelt right where its name is nearly that."""
    if key not in ("normal", "anomalous", "known_classes") or not isinstance(value, str | int):
        return ""
    named = DATASETS.get(str(dataset or DataConfig.dataset))
    like = nearest(value, named.class_names if named else ()) if isinstance(value, str) else ""
    return f"; write [{like or str(value)[:40]}]"


def _alone(dataset: object) -> dict[str, object]:
    """The least that names a data set."""
    if dataset is None:
        return {}
    return {"dataset": dataset} | ({"folder": "."} if dataset == FOLDER else {})


def _wanted(message: str) -> str:
    kind = message.removeprefix("Input should be ").removeprefix("a valid ")
    return _KINDS.get(kind, kind)


def _problem_together(written: Mapping[str, object]) -> list[Problem]:
    text = _text_of_construction(written)
    return [Problem(path=("data",), text=text)] if text else []


def _text_of_construction(written: Mapping[str, object]) -> str:
    try:
        _construct(written)
    except (ValueError, TypeError) as error:
        return str(error)
    return ""


def _construct(written: Mapping[str, object]) -> DataConfig:
    settings: dict[str, Any] = {key: _as_tuple(key, value) for key, value in written.items()}
    return DataConfig(**settings)


def parse_data(written: object) -> DataConfig:
    """Read a `data` section; ValueError names its first problem."""
    if isinstance(written, DataConfig):
        return written
    for problem in data_problems(written):
        raise ValueError(problem.text)
    assert isinstance(written, Mapping)
    return _construct(written)


def write_data(data: DataConfig) -> dict[str, object]:
    """Spell the settings as a space file does; those that are None are left out."""
    settings = dataclasses.asdict(data).items()
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in settings
        if value is not None
    }


def _schema() -> dict[str, Any]:
    schema = TypeAdapter(DataConfig).json_schema() | {"additionalProperties": False}
    normal = schema["properties"]["normal"]
    listed = {key: normal.pop(key) for key in ("type", "items")}
    normal["anyOf"] = [listed, {"const": EACH}]
    return schema


Data = Annotated[
    DataConfig, PlainValidator(parse_data), PlainSerializer(write_data), WithJsonSchema(_schema())
]
"""The data settings as a field of a space."""
