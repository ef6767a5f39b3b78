"""What a sampler asks of the space that it searches, and of the machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec

from tuner.errors import Problem
from tuner.space.conditions import always_active, combinations
from tuner.space.domains import AnyDomain, Choice, Log, Uniform, count_of, spell
from tuner.space.fields import SpaceFields
from tuner.space.requirements import meets

LEARNING = ("tpe-qmc", "tpe", "gp", "cmaes")
"""Samplers that look at the trials so far."""
MOST_COMBINATIONS = 100_000
_PACKAGES = {"cmaes": "cmaes"}
_NAME = ("sampler", "name")


def sampler_problems(space: SpaceFields) -> Iterator[Problem]:
    """List what the space has not that its sampler needs."""
    name, search = space.sampler.name, space.search
    if name == "grid":
        endless = [key for key, domain in search.items() if count_of(domain) is None]
        for key in endless:
            yield Problem(path=("search", key), text=_endless(search[key]))
        if (size := grid_size(space)) is not None and size > MOST_COMBINATIONS:
            most = f"{MOST_COMBINATIONS:,}"
            said = f"more than {most}" if _is_conditional(space) else f"{size:,}"
            text = (
                f"the grid has {said} combinations, allowed are {most}; search fewer values, or "
                "use qmc, which covers a space evenly with any number of trials"
            )
            yield Problem(path=_NAME, text=text)
    if name == "cmaes" and search and not _has_ranges_in_all(space):
        what = "are choices, or have a `when`" if _is_conditional(space) else "are choices"
        text = f"cmaes learns ranges alone, and all that is searched {what}; use qmc"
        yield Problem(path=_NAME, text=text)


def _is_conditional(space: SpaceFields) -> bool:
    return any(domain.when for domain in space.search.values())


def _has_ranges_in_all(space: SpaceFields) -> bool:
    """Whether there is a range that every trial has a value of."""
    names = always_active(space.search)
    return any(not isinstance(space.search[name], Choice) for name in names)


def package_problems(space: SpaceFields) -> list[Problem]:
    """Say what the sampler of a search that is to run here lacks; a record is read without it."""
    text = missing_package(space.sampler.name)
    return [Problem(path=_NAME, text=text)] if text else []


def missing_package(sampler: str) -> str:
    """What a sampler needs and is not installed, in words; "" where nothing is missing."""
    package = _PACKAGES.get(sampler)
    if package is None or find_spec(package) is not None:
        return ""
    return f"needs the package {package}: pip install {package}; or use qmc"


def grid_size(space: SpaceFields) -> int | None:
    """How many combinations a grid tries; None for another sampler, and where there is no end.

    Of several scales, the one at which most meet what is required: a resolved space has one.
    """
    counts = [count_of(domain) for domain in space.search.values()]
    ended = [count for count in counts if count is not None]
    if space.sampler.name != "grid" or len(ended) < len(counts):
        return None
    size = math.prod(ended)
    if max(ended, default=0) > MOST_COMBINATIONS:
        return size
    if not _is_conditional(space) and (not space.require or size > MOST_COMBINATIONS):
        return size
    found = combinations(space.search, MOST_COMBINATIONS)
    if len(found) > MOST_COMBINATIONS:
        return MOST_COMBINATIONS + 1
    held = [scale.hyperparameters for scale in space.scales.values()] or [{}]
    required = [each for one in held if (each := meets(space, one)) is not None]
    return max(sum(map(one, found)) for one in required) if required else len(found)


def _endless(domain: AnyDomain) -> str:
    return (
        f"a grid tries every value, and {spell(domain)} has no end of them; name them, as in "
        f"{spell(_some(domain))}" + ", or give a step as third number" * isinstance(domain, Uniform)
    )


def _some(domain: AnyDomain) -> Choice:
    """Both ends of a range and its middle."""
    assert not isinstance(domain, Choice), "it has an end of values"
    middle = (domain.low + domain.high) / 2
    if isinstance(domain, Log):
        middle = math.sqrt(domain.low * domain.high)
    return Choice(tuple(dict.fromkeys((domain.low, float(f"{middle:.2g}"), domain.high))))
