"""Which of the searched hyperparameters are active in a trial, by the `when` beside their domains.

One is active where each of its conditions holds, and a condition on an inactive one never does.
An inactive one is not drawn: the detector has its default for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from types import MappingProxyType

from models.hyperparameters import Value
from tuner.space.domains import AnyDomain, values_of
from tuner.space.when import Condition

Search = Mapping[str, AnyDomain]
"""Hyperparameters with their domains."""
Values = Mapping[str, Value]
_NONE: Values = MappingProxyType({})


def drawn(search: Search, one: Callable[[str], Value], held: Values = _NONE) -> dict[str, Value]:
    """The active hyperparameters with `one` value for each, asked for after those it depends on.

    Conditions on what is not searched are judged by the values `held`, and hold where there is
    none: a space in which one of them never does is refused.
    """
    found: dict[str, Value] = {}
    for name in in_order(search):
        if all(_holds(each, search, found, held) for each in search[name].when):
            found[name] = one(name)
    return found


def inactive(search: Search, values: Values) -> tuple[str, ...]:
    """The searched hyperparameters that are not active in a whole configuration."""
    active = drawn(search, values.__getitem__, held=values)
    return tuple(name for name in search if name not in active)


def always_active(search: Search) -> list[str]:
    """Those that every trial of a search has, whatever is drawn."""
    return [name for name in in_order(search) if not searched_conditions(search, name)]


def searched_conditions(search: Search, name: str) -> list[Condition]:
    """The conditions of a hyperparameter that one trial may meet and another may not."""
    return [each for each in search[name].when if each.name in search]


def combinations(search: Search, most: int) -> list[dict[str, Value]]:
    """All configurations of domains that have an end of values, or the first of them: as many as
    `most` and one, where there are more.

    Those that differ in inactive hyperparameters alone are one.
    """
    found: list[dict[str, Value]] = [{}]
    for name in in_order(dict(sorted(search.items()))):
        conditions, values = searched_conditions(search, name), values_of(search[name])
        longer = (
            {**each, name: value} if active else each
            for each in found
            for active in [all(_holds(one, search, each, _NONE) for one in conditions)]
            for value in (values if active else values[:1])
        )
        found = list(islice(longer, most + 1))
    return found


def in_order(search: Search) -> Sequence[str]:
    """All names, each after those that its conditions name; as they stand where none has any."""
    if not any(domain.when for domain in search.values()):
        return list(search)
    try:
        return list(_sorter(search).static_order())
    except CycleError:  # which is said of the space
        return list(search)


def cycle(search: Search) -> list[str]:
    """Names of which each depends on the next, the last of them on the first; [] for none."""
    try:
        _sorter(search).prepare()
    except CycleError as error:
        return list(error.args[1])[:0:-1]
    return []


def _sorter(search: Search) -> TopologicalSorter[str]:
    return TopologicalSorter(
        {name: [each.name for each in searched_conditions(search, name)] for name in search}
    )


def _holds(condition: Condition, search: Search, found: Values, held: Values) -> bool:
    name = condition.name
    if name in search:
        return name in found and is_one_of(found[name], condition.allowed)
    return name not in held or is_one_of(held[name], condition.allowed)


def is_one_of(value: Value, allowed: Sequence[Value]) -> bool:
    """Whether it is; a range in steps of 0.1 has 0.30000000000000004, which a person calls 0.3."""
    if isinstance(value, float):
        numbers = (each for each in allowed if isinstance(each, int | float))
        return any(math.isclose(value, each, rel_tol=1e-9) for each in numbers)
    return value in allowed
