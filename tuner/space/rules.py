"""The rules that hold between the keys of a space, and with the detector's own ranges."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from models import detectors
from models.hyperparameters import Hyperparameter
from models.names import unknown
from models.stages import epochs_problem
from tuner.cli.text import counted
from tuner.errors import KeyPath, Problem
from tuner.space.condition_rules import condition_problems
from tuner.space.data_rules import impossible_data
from tuner.space.domains import AnyDomain, Choice, Log, Uniform, spell
from tuner.space.fields import SpaceFields
from tuner.space.key_sections import places, unknown_key
from tuner.space.requirements import requirement_problems
from tuner.space.samplers import grid_size, sampler_problems
from tuner.space.sections import Scale

AUTO = "auto"
_SIZES = ("trials", "epochs")


def rule_problems(space: SpaceFields, unread: Collection[KeyPath] = ()) -> list[Problem]:
    """List every broken rule of a space whose keys are readable each by itself.

    What stands at the paths `unread` was given, but is not in the space: it could not be read.
    """
    known = detectors.names()
    if space.detector not in known:
        text = unknown("detector", space.detector, known)
        return [Problem(path=("detector",), text=text), *_size_problems(space, 0, unread)]
    settings = {each.name: each for each in detectors.hyperparameters(space.detector)}
    published = len(detectors.published(space.detector))
    found = [
        *_published_problems(space),
        *_search_problems(space, settings),
        *condition_problems(space, settings, unread),
        *sampler_problems(space),
        *requirement_problems(space),
        *_fixed_problems(space, settings),
        *_size_problems(space, published, unread),
        *_budget_problems(space, unread),
    ]
    named = {problem.path for problem in found}
    return found + [problem for problem in impossible_data(space) if problem.path not in named]


def _published_problems(space: SpaceFields) -> Iterator[Problem]:
    """Every search tries the detector's published sets first: a mistake there is said here."""
    for name, values in detectors.published(space.detector).items():
        try:
            detectors.resolve(space.detector, values)
        except ValueError as error:
            text = "; ".join(str(error).splitlines())
            yield Problem(path=("detector",), text=f"published set {name} of it: {text}")


def _search_problems(
    space: SpaceFields, settings: Mapping[str, Hyperparameter]
) -> Iterator[Problem]:
    for name, domain in space.search.items():
        path: KeyPath = ("search", name)
        if name not in settings:
            yield _unknown_hyperparameter(space, path, settings)
        elif text := _domain_problem(domain, settings[name]):
            yield Problem(path=path, text=text)


def _unknown_hyperparameter(
    space: SpaceFields, path: KeyPath, settings: Mapping[str, Hyperparameter]
) -> Problem:
    own = list(Scale.model_fields) if path[0] == "scales" else []
    kind = f"hyperparameter of {space.detector}"
    elsewhere = places(SpaceFields.model_fields, None)
    text = unknown_key(kind, path[-1], [*own, *settings], elsewhere)
    return Problem(path=path, text=text)


def _domain_problem(domain: AnyDomain, setting: Hyperparameter) -> str:
    if isinstance(domain, Uniform | Log) and isinstance(setting.default, int):
        return f"takes whole numbers, got {spell(domain)}; use int, log_int or choice"
    if setting.choices and not isinstance(domain, Choice):
        words = spell(Choice(setting.choices))
        return f"takes one of some values, got the range {spell(domain)}; use {words}"
    ends = domain.values if isinstance(domain, Choice) else (domain.low, domain.high)
    problems = [text for end in ends if (text := _value_problem(end, setting))]
    what = "does not fit" if isinstance(domain, Choice) else "reaches too far"
    return f"{spell(domain)} {what}: {problems[0]}" if problems else ""


def _value_problem(value: object, setting: Hyperparameter) -> str:
    try:
        setting.check(value)
    except ValueError as error:
        return str(error)
    return ""


def _fixed_problems(
    space: SpaceFields, settings: Mapping[str, Hyperparameter]
) -> Iterator[Problem]:
    for path, value in _all_fixed(space):
        name = str(path[-1])
        if name not in settings:
            yield _unknown_hyperparameter(space, path, settings)
        elif text := _value_problem(value, settings[name]):
            yield Problem(path=path, text=text)
        if name in space.search:
            yield Problem(path=path, text="is also under `search`; keep one of the two")
        if path[0] == "scales" and name in space.fixed:
            yield Problem(path=path, text="is also under `fixed`; keep one of the two")


def _all_fixed(space: SpaceFields) -> Iterator[tuple[KeyPath, object]]:
    for name, value in space.fixed.items():
        yield ("fixed", name), value
    for scale_name, scale in space.scales.items():
        for name, value in scale.hyperparameters.items():
            yield ("scales", scale_name, name), value


def _size_problems(
    space: SpaceFields, published: int, unread: Collection[KeyPath]
) -> Iterator[Problem]:
    yield from _scale_name_problems(space)
    if not space.search and _most_trials(space) > 1:
        text = (
            "is empty, so all trials would be equal; "
            "name hyperparameters with their domains, or say `trials: 1`"
        )
        yield Problem(path=("search",), text=text)
    for key in _SIZES:
        yield from _number_problems(space, key, published, unread)


def _budget_problems(space: SpaceFields, unread: Collection[KeyPath]) -> Iterator[Problem]:
    budget, price = space.budget, "price_per_device_hour"
    if ("budget", price) in unread:
        return
    if budget.money is not None and budget.price_per_device_hour is None:
        text = f"takes a price: say `{price}: <number>` beside it"
        yield Problem(path=("budget", "money"), text=text)


def _most_trials(space: SpaceFields) -> int:
    return max([space.trials, *(scale.trials or 1 for scale in space.scales.values())])


def _number_problems(
    space: SpaceFields, key: str, published: int, unread: Collection[KeyPath]
) -> Iterator[Problem]:
    """The number that is said once for all scales is judged once, if any scale takes it."""
    own: KeyPath = (key,)
    of_scales: dict[KeyPath, int | None] = {
        ("scales", name, key): getattr(scale, key) for name, scale in space.scales.items()
    }
    numbers = {path: number for path, number in of_scales.items() if number}
    takers = [path for path in of_scales or [own] if path not in numbers and path not in unread]
    if takers and key in space.model_fields_set:
        numbers[own] = getattr(space, key)
    elif own not in unread:
        elsewhere = "here or once for all scales" if space.scales else "or name scales that say it"
        text = f"missing; say `{key}: <whole number>` {elsewhere}"
        yield from (Problem(path=path, text=text) for path in takers)
    for path, number in numbers.items():
        if text := _wrong_number(space, key, number, published):
            yield Problem(path=path, text=text)


def _wrong_number(space: SpaceFields, key: str, number: int, published: int) -> str:
    grace = space.scheduler.grace_epochs
    shares = detectors.stages(space.detector) if space.detector in detectors.names() else {}
    if key == "epochs" and (text := epochs_problem(shares, number)):
        return f"{space.detector}: {text}"
    if key == "epochs" and space.scheduler.name == "asha" and grace != "auto" and number < grace:
        return f"must be at least scheduler.grace_epochs, {grace}; got {number}"
    if key == "trials" and space.search and number < published:
        return f"must be at least {published}, the published sets are tried first; got {number}"
    grid = grid_size(space) if key == "trials" else None
    if grid is not None and number > published + grid:
        before = f", and {counted(published, 'published set')} before it" if published else ""
        return f"must be at most {published + grid}: the grid has {grid:,} combinations{before}"
    return ""


def _scale_name_problems(space: SpaceFields) -> Iterator[Problem]:
    if AUTO in space.scales:
        yield Problem(path=("scales", AUTO), text="auto is no name for a scale")
    if space.scale == AUTO and space.scales and "cpu" not in space.scales:
        text = f"auto needs a scale named cpu; named are: {', '.join(space.scales)}"
        yield Problem(path=("scale",), text=text)
    if space.scale != AUTO and space.scale not in space.scales:
        text = unknown("scale", space.scale, [AUTO, *space.scales])
        yield Problem(path=("scale",), text=text)
