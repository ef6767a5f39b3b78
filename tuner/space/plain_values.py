"""A hyperparameter's value as a space file has it: one number or one word."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, TypeGuard

from pydantic import PlainValidator, WithJsonSchema

from models.hyperparameters import Value
from models.names import shown

_LARGEST = sys.float_info.max
PLAIN_SCHEMA: dict[str, object] = {"type": ["number", "string"]}


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST  # NaN is in no range


def plain_value(value: object) -> Value:
    """Return a value of a hyperparameter as it is; ValueError for anything else."""
    if isinstance(value, str) or is_number(value):
        return value
    text = f"must be one finite number or one word, got {shown(value)}"
    if isinstance(value, Mapping) and "when" in value:
        text += "; what is fixed is so in every trial: a `when` stands beside a domain, in `search`"
    raise ValueError(text)


PlainValue = Annotated[Value, PlainValidator(plain_value), WithJsonSchema(PLAIN_SCHEMA)]
"""A hyperparameter's value as a field of a space."""
