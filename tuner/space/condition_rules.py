"""What is wrong with a `when`: names and values that there are not, cycles, what cannot vary."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from models import detectors
from models.hyperparameters import Hyperparameter, Value
from models.names import nearest, unknown
from tuner.errors import KeyPath, Problem
from tuner.space.conditions import cycle, is_one_of
from tuner.space.domains import AnyDomain, Choice, count_of, holds_value, spell, values_of
from tuner.space.fields import SpaceFields
from tuner.space.when import WHEN, Condition

Settings = Mapping[str, Hyperparameter]


def condition_problems(
    space: SpaceFields, settings: Settings, unread: Collection[KeyPath]
) -> Iterator[Problem]:
    """List what is wrong with the conditions of what is searched.

    Of those on what could not be read, at one of the paths `unread`, nothing is said, nor of those
    on what is likely misspelt: that is the mistake to mend.
    """
    problems: list[Problem] = []
    unknown_yet = {*_unread_names(unread), *_misspelt(space, settings)}
    for name, domain in space.search.items():
        for each in domain.when:
            if each.name in space.search or each.name not in unknown_yet:
                text = _problem(space, settings, name, each)
                problems += [Problem(path=_path(name, each.name), text=text)] if text else []
    if not problems:
        problems = list(_of_several(space))
    yield from problems


def idle_conditions(space: SpaceFields) -> list[Problem]:
    """List the conditions that hold in every trial, as if there were none.

    For a new search alone: what was recorded so by an earlier version must be read.
    """
    settings = {each.name: each for each in detectors.hyperparameters(space.detector)}
    return [
        Problem(path=_path(name, each.name), text=text)
        for name, domain in space.search.items()
        for each in domain.when
        if (text := _always_held(space, settings[each.name], each))
    ]


def _always_held(space: SpaceFields, setting: Hyperparameter, condition: Condition) -> str:
    """Of a condition that makes sense. One on what has a `when` itself depends on that."""
    name, domain = setting.name, space.search.get(setting.name)
    out = f"take {name} out of the `{WHEN}`"
    if domain is None:
        values = " or ".join(
            dict.fromkeys(str(value) for _, value in _values_at_scales(space, setting))
        )
        return f"always holds: {name} is {values} in every trial; {out}, or search {name}"
    count = count_of(domain)
    if domain.when or count is None or count > len(condition.allowed):
        return ""
    if not all(is_one_of(value, condition.allowed) for value in values_of(domain)):
        return ""
    return f"always holds: {spell(domain)} has no other values; {out}, or leave some of them out"


def _unread_names(unread: Collection[KeyPath]) -> Iterator[str]:
    """Hyperparameters of which something is said that could not be read."""
    for path in unread:
        place = 2 if path[:1] == ("scales",) else 1
        if path[:1] in (("search",), ("fixed",), ("scales",)) and len(path) > place:
            yield str(path[place])


def _misspelt(space: SpaceFields, settings: Settings) -> Iterator[str]:
    """Hyperparameters that are meant by names that there are not."""
    said = [*space.fixed, *space.search]
    said += [name for scale in space.scales.values() for name in scale.hyperparameters]
    yield from (nearest(name, settings) for name in said if name not in settings)


def _path(name: str, *condition: str) -> KeyPath:
    return ("search", name, WHEN, *condition)


def _problem(space: SpaceFields, settings: Settings, name: str, condition: Condition) -> str:
    if condition.name == name:
        return f"{name} cannot depend on itself; name another hyperparameter"
    if condition.name in space.search:
        return _never_taken(condition, space.search[condition.name])
    if condition.name not in settings:
        return unknown("hyperparameter", condition.name, settings)
    return _never_held(space, settings[condition.name], name, condition)


def _never_taken(condition: Condition, domain: AnyDomain) -> str:
    """Of values that a searched hyperparameter cannot have."""
    if count_of(domain) is None:
        return (
            f"{condition.name} is searched in {spell(domain)}, which is never just one value; "
            "a condition takes a choice, whole numbers, or a range with a step"
        )
    wrong = [value for value in condition.allowed if not holds_value(domain, value)]
    if not wrong:
        return ""
    like = nearest(wrong[0], domain.values) if isinstance(domain, Choice) else ""
    hint = f"; nearest: {like}" if like else ""
    return f"{condition.name} is never {wrong[0]}: it is searched in {spell(domain)}{hint}"


def _never_held(
    space: SpaceFields, setting: Hyperparameter, name: str, condition: Condition
) -> str:
    """Of a hyperparameter that has one value in all trials, at each of the scales."""
    for value in condition.allowed:
        try:
            setting.check(value)
        except ValueError as error:
            return str(error)
    for scale, value in _values_at_scales(space, setting):
        if value not in condition.allowed:
            allowed = " or ".join(map(str, condition.allowed))
            return (
                f"never holds{scale}: {setting.name} is {value} in every trial, and not {allowed}; "
                f"search {setting.name}, or hold {name} under `fixed`"
            )
    return ""


def _values_at_scales(space: SpaceFields, setting: Hyperparameter) -> Iterator[tuple[str, Value]]:
    fixed = space.fixed.get(setting.name, setting.default)
    for scale, its in space.scales.items():
        own = its.hyperparameters
        where = f" at scale {scale}" if setting.name in own else ""
        yield where, own.get(setting.name, fixed)
    if not space.scales:
        yield "", fixed


def _of_several(space: SpaceFields) -> Iterator[Problem]:
    """What each condition by itself does not show."""
    if names := cycle(space.search):
        text = f"{names[0]} depends on itself: {' -> '.join([*names, names[0]])}"
        yield Problem(path=_path(names[0], names[1]), text=text)
        return
    for name, domain in space.search.items():
        if domain.when and (text := _contradiction(space.search, name)):
            yield Problem(path=_path(name), text=text)


def _contradiction(search: Mapping[str, AnyDomain], name: str) -> str:
    """Of two conditions, its own or of what it depends on, that never hold at once."""
    left: dict[str, set[Value]] = {}
    waiting, seen = [name], {name}
    while waiting:
        for each in search[waiting.pop()].when:
            left.setdefault(each.name, set(each.allowed)).intersection_update(each.allowed)
            if not left[each.name]:
                return (
                    f"never holds: {each.name} would have to have two values at once, as what "
                    f"{name} depends on has conditions too"
                )
            if each.name in search and each.name not in seen:
                seen.add(each.name)
                waiting.append(each.name)
    return ""
