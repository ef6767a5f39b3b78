"""Pydantic's errors in our words: what is wrong, what was given, what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from models import detectors
from models.names import nearest, shown
from tuner.errors import KeyPath, Problem
from tuner.space.key_sections import Places, unknown_key

if TYPE_CHECKING:
    from tuner.space.sections import Section


_WANTED = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be a word",
    "string_too_short": "must not be empty",
    "float_type": "must be a number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
}


def field_problems(kind: type[Section], error: ValidationError, elsewhere: Places) -> list[Problem]:
    """Translate the errors of a model's fields, one problem each.

    `elsewhere` says where each key of a space belongs.
    """
    return [Problem(path=one["loc"], text=_text(kind, one, elsewhere)) for one in error.errors()]


def _text(kind: type[Section], error: ErrorDetails, elsewhere: Places) -> str:
    given, limits = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            own = _fields_at(kind, error["loc"][:-1])
            return unknown_key("key", error["loc"][-1], own, elsewhere)
        case "missing":
            return _missing(error["loc"])
        case "value_error":
            return str(limits["error"])
        case "literal_error":
            return _not_allowed(kind, error["loc"], given)
        case "model_type" | "dict_type" | "model_attributes_type":
            example = _example(kind, error["loc"], given)
            return f"must be a section of keys{example}, got {shown(given)}"
    return f"{_wanted(error, limits)}, got {shown(given)}"


def _missing(path: KeyPath) -> str:
    names = detectors.names() if path == ("detector",) else []
    return f"missing; allowed: {', '.join(names)}" if names else "missing"


def _example(kind: type[Section], path: KeyPath, given: object) -> str:
    """The first key of a section as it could stand there: with what was given, else its default."""
    model = _annotation(kind, path)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    name, field = next(iter(model.model_fields.items()))
    value = given if given in get_args(field.annotation) else field.default
    return "" if value is None else f" such as {{{name}: {value}}}"


def _wanted(error: ErrorDetails, limits: dict[str, Any]) -> str:
    message = error["msg"]
    return _WANTED.get(error["type"], message[:1].lower() + message[1:]).format(**limits)


def _not_allowed(kind: type[Section], path: KeyPath, given: object) -> str:
    names = get_args(_annotation(kind, path))
    none = [name for name in names if name in ("off", "none")]
    like = none[0] if given is False and none else nearest(given, names)
    hint = f"; nearest: {like}" if like else ""
    return f"{shown(given)} is not allowed; allowed: {', '.join(map(str, names))}{hint}"


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
