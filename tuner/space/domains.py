"""What may be searched: five domains, each with one spelling in a space file.

generator_lr: {log: [2e-5, 1e-3]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, TypeGuard

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from models.hyperparameters import Value
from models.names import shown, unknown
from tuner.space.plain_values import PLAIN_SCHEMA, is_number, plain_value
from tuner.space.when import WHEN, WHEN_SCHEMA, Condition, parse_when, write_when

_MOST_SPELT, _LONGEST = 10, 40  # of a choice's values, and of the letters of one


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Domain:
    """`when` are the conditions that all must hold in a trial, else nothing is drawn for it."""

    when: tuple[Condition, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class _Reals(_Domain):
    low: float
    high: float

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high, is_number, "finite numbers")
        object.__setattr__(self, "low", float(self.low))  # a file may say 5 for 5.0
        object.__setattr__(self, "high", float(self.high))


@dataclass(frozen=True)
class _Wholes(_Domain):
    low: int
    high: int

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high, _is_whole, "whole numbers")


@dataclass(frozen=True)
class Uniform(_Reals):
    """Real numbers from low to high, each equally likely; with a third number, in such steps."""

    step: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step is not None:
            _check_step(self.low, self.high, self.step, is_number, "a finite number")
            object.__setattr__(self, "step", float(self.step))


class Log(_Reals):
    """Positive real numbers from low to high, each order of magnitude equally likely."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise ValueError(
                f"a log range must start above 0, got low {shown(self.low)}; see uniform"
            )


@dataclass(frozen=True)
class Int(_Wholes):
    """Whole numbers from low to high, each equally likely; with a third number, in such steps."""

    step: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step is not None:
            _check_step(self.low, self.high, self.step, _is_whole, "a whole number")


class LogInt(_Wholes):
    """Whole numbers from low (1 or more) to high, both included, on a log scale."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low < 1:
            raise ValueError(f"a log_int range must start at 1 or above, got low {shown(self.low)}")


@dataclass(frozen=True)
class Choice(_Domain):
    """One of some values, without order between them; no value stands twice."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ValueError("an empty choice: name at least one value")
        for value in self.values:
            plain_value(value)
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"a value stands twice in the choice {shown(list(self.values))}")


AnyDomain = Uniform | Log | Int | LogInt | Choice

WORDS: dict[str, type[AnyDomain]] = {
    "uniform": Uniform,
    "log": Log,
    "int": Int,
    "log_int": LogInt,
    "choice": Choice,
}


def _check_ends(low: float, high: float, allowed: Callable[[object], bool], words: str) -> None:
    if not (allowed(low) and allowed(high)):
        raise ValueError(f"low and high must be {words}, got {shown(low)} and {shown(high)}")
    if not low < high:
        raise ValueError(f"low must be below high, got low {shown(low)} and high {shown(high)}")


def _check_step(
    low: float, high: float, step: float, allowed: Callable[[object], bool], words: str
) -> None:
    if not allowed(step) or step <= 0:
        raise ValueError(f"the step must be {words} above 0, got {shown(step)}")
    if _width(low, high) % _exact(step):
        raise ValueError(
            f"high must be low and a whole number of steps, got low {shown(low)}, high "
            f"{shown(high)} and step {shown(step)}"
        )


def parse_domain(written: object) -> AnyDomain:
    """Read a domain as a space file spells it, `{word: [..]}`, perhaps with a `when` beside it.

    ValueError says what is wrong.
    """
    if isinstance(written, AnyDomain):
        return written
    if not isinstance(written, Mapping):
        raise ValueError(
            f"must be a domain such as {{uniform: [0.5, 5]}}, got {shown(written)}; "
            "one value belongs under `fixed:`"
        )
    spelt = {word: arguments for word, arguments in written.items() if word != WHEN}
    if len(spelt) != 1:
        raise ValueError(
            f"must be one domain, one of {', '.join(WORDS)}, with or without a `{WHEN}` beside it; "
            f"got {shown(dict(written))}"
        )
    ((word, arguments),) = spelt.items()
    if word not in WORDS:
        raise ValueError(unknown("domain", word, WORDS))
    if not isinstance(arguments, list | tuple):
        raise ValueError(f"{word} takes a list in square brackets, got {shown(arguments)}")
    kind: Callable[..., AnyDomain] = WORDS[word]
    when = parse_when(written[WHEN]) if WHEN in written else ()
    if kind is Choice:
        return Choice(tuple(arguments), when=when)
    stepped = kind in (Uniform, Int)
    if len(arguments) != 2 and not (stepped and len(arguments) == 3):
        forms = "[low, high] or [low, high, step]" if stepped else "[low, high]"
        raise ValueError(f"{word} takes {forms}, got {shown(list(arguments))}")
    return kind(*arguments, when=when)


def write_domain(domain: AnyDomain) -> dict[str, Any]:
    """Spell a domain as a space file does; `parse_domain` reads it back equal."""
    word, arguments = _spelt(domain)
    return {word: arguments, **({WHEN: write_when(domain.when)} if domain.when else {})}


def _spelt(domain: AnyDomain) -> tuple[str, list[Value]]:
    word = next(word for word, kind in WORDS.items() if isinstance(domain, kind))
    if isinstance(domain, Choice):
        return word, list(domain.values)
    step = step_of(domain)
    return word, [domain.low, domain.high, *([] if step is None else [step])]


def step_of(domain: AnyDomain) -> float | None:
    """The step of a range that has one."""
    return domain.step if isinstance(domain, Uniform | Int) else None


def count_of(domain: AnyDomain) -> int | None:
    """How many values a domain has; None where they have no end."""
    if isinstance(domain, Choice):
        return len(domain.values)
    step = step_of(domain) or (1 if isinstance(domain, Int | LogInt) else None)
    return None if step is None else int(_width(domain.low, domain.high) / _exact(step)) + 1


def values_of(domain: AnyDomain) -> tuple[Value, ...]:
    """All values of a domain that has an end of them."""
    count = count_of(domain)
    if count is None:
        raise ValueError(f"{spell(domain)} has no end of values")
    if isinstance(domain, Choice):
        return domain.values
    low, step = _exact(domain.low), _exact(step_of(domain) or 1)
    kind = int if isinstance(domain, Int | LogInt) else float
    return tuple(kind(low + nth * step) for nth in range(count))


def holds_value(domain: AnyDomain, value: Value) -> bool:
    """Whether it is one of the values of a domain that has an end of them."""
    if isinstance(domain, Choice):
        return value in domain.values
    if isinstance(value, str):
        return False
    step = _exact(step_of(domain) or 1)
    return domain.low <= value <= domain.high and not _width(domain.low, value) % step


def _exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number))


def _width(low: float, high: float) -> Fraction:
    return _exact(high) - _exact(low)


def spell(domain: AnyDomain) -> str:
    """Return the domain as a person writes it, a long choice in part: {log: [2e-05, 0.001]}."""
    word, arguments = _spelt(domain)
    said = [str(each)[:_LONGEST] for each in arguments[:_MOST_SPELT]]
    rest = ["..."] if len(arguments) > _MOST_SPELT else []
    return f"{{{word}: [{', '.join([*said, *rest])}]}}"


def _range_schema(word: str, number: str, most: int = 2) -> dict[str, object]:
    pair = {"type": "array", "items": {"type": number}, "minItems": 2, "maxItems": most}
    about = (WORDS[word].__doc__ or "").split("\n")[0]
    return {
        "type": "object",
        "description": about,
        "properties": {word: pair, WHEN: WHEN_SCHEMA},
        "required": [word],
        "additionalProperties": False,
    }


def _choice_schema() -> dict[str, object]:
    values = {"type": "array", "items": PLAIN_SCHEMA, "minItems": 1, "uniqueItems": True}
    properties = {"choice": values, WHEN: WHEN_SCHEMA}
    return _range_schema("choice", "string") | {"properties": properties}


DOMAIN_SCHEMA: dict[str, object] = {
    "oneOf": [
        _range_schema("uniform", "number", 3),
        _range_schema("log", "number"),
        _range_schema("int", "integer", 3),
        _range_schema("log_int", "integer"),
        _choice_schema(),
    ]
}

Domain = Annotated[
    AnyDomain,
    PlainValidator(parse_domain),
    PlainSerializer(write_domain),
    WithJsonSchema(DOMAIN_SCHEMA),
]
"""A domain as a field of a space: read by parse_domain, written by write_domain."""
