"""Pydantic's errors in our words: what is wrong, what was given, what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from models import detectors
from models.names import nearest, unknown
from tuner.errors import KeyPath, Problem

if TYPE_CHECKING:
    from tuner.space.sections import Section


def field_problems(kind: type[Section], error: ValidationError) -> list[Problem]:
    """Translate the errors of a model's fields, one problem each."""
    return [Problem(path=one["loc"], text=_text(kind, one)) for one in error.errors()]


def _text(kind: type[Section], error: ErrorDetails) -> str:
    given, limits = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return unknown("key", error["loc"][-1], _fields_at(kind, error["loc"][:-1]))
        case "missing":
            return _missing(error["loc"])
        case "value_error":
            return str(limits["error"])
        case "literal_error":
            return _not_allowed(kind, error["loc"], given)
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"must be a section of keys{_example(kind, error['loc'])}, got {given!r}"
    return f"{_wanted(error, limits)}, got {given!r}"


def _missing(path: KeyPath) -> str:
    names = detectors.names() if path == ("detector",) else []
    return f"missing; allowed: {', '.join(names)}" if names else "missing"


def _example(kind: type[Section], path: KeyPath) -> str:
    """The first key of a section with its default, as it could stand there."""
    model = _annotation(kind, path)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    name, field = next(iter(model.model_fields.items()))
    return "" if field.default is None else f" such as {{{name}: {field.default}}}"


def _wanted(error: ErrorDetails, limits: dict[str, Any]) -> str:
    match error["type"]:
        case "int_type" | "int_from_float":
            return "must be a whole number"
        case "string_type":
            return "must be a word"
        case "string_too_short":
            return "must not be empty"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}"
        case "less_than":
            return f"must be below {limits['lt']}"
    message = error["msg"]
    return message[:1].lower() + message[1:]


def _not_allowed(kind: type[Section], path: KeyPath, given: object) -> str:
    names = get_args(_annotation(kind, path))
    like = nearest(given, names)
    hint = f"; nearest: {like}" if like else ""
    return f"{given!r} is not allowed; allowed: {', '.join(map(str, names))}{hint}"


def _fields_at(kind: type[Section], path: KeyPath) -> list[str]:
    model = _annotation(kind, path) if path else kind
    return list(model.model_fields)


def _annotation(kind: type[Section], path: KeyPath) -> Any:  # type: ignore[explicit-any, unused-ignore]
    model: Any = kind
    for key in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[str(key)].annotation
        else:  # a mapping of names to models, such as `scales`
            model = get_args(model)[-1]
    return model
