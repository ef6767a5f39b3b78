"""`when`, beside a domain: in which trials a hyperparameter is searched at all.

ssim_weight: {uniform: [0, 5], when: {reconstruction: ssim}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.hyperparameters import Value
from models.names import shown
from tuner.space.plain_values import PLAIN_SCHEMA, plain_value

WHEN = "when"
_FORM = (
    "must name other hyperparameters with their values, such as {activation: tanh} or "
    "{patch_n: [1, 3]}"
)


@dataclass(frozen=True)
class Condition:
    """Another hyperparameter has one of these values."""

    name: str
    allowed: tuple[Value, ...]


def parse_when(written: object) -> tuple[Condition, ...]:
    """Read the conditions, which all must hold; ValueError says what is wrong."""
    if not isinstance(written, Mapping) or not written:
        raise ValueError(f"{WHEN} {_FORM}; got {shown(written)}")
    return tuple(_condition(str(name), values) for name, values in written.items())


def _condition(name: str, written: object) -> Condition:
    values = list(written) if isinstance(written, list | tuple) else [written]
    try:
        return Condition(name, tuple(map(plain_value, values or [None])))
    except ValueError:
        raise ValueError(f"{WHEN}.{name}: {WHEN} {_FORM}; got {shown(written)}") from None


def write_when(conditions: Sequence[Condition]) -> dict[str, Value | list[Value]]:
    """Spell conditions as a space file does; `parse_when` reads them back equal."""
    return {
        each.name: each.allowed[0] if len(each.allowed) == 1 else list(each.allowed)
        for each in conditions
    }


WHEN_SCHEMA: dict[str, object] = {
    "type": "object",
    "description": "Other hyperparameters with the values at which this one is searched; in other "
    "trials it has the detector's default.",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [PLAIN_SCHEMA, {"type": "array", "items": PLAIN_SCHEMA, "minItems": 1}]
    },
}
