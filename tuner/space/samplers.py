"""What a sampler asks of the space that it searches, and of the machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import product

from models.hyperparameters import Value
from tuner.errors import Problem
from tuner.space.domains import AnyDomain, Choice, Log, Uniform, count_of, spell, values_of
from tuner.space.fields import SpaceFields
from tuner.space.requirements import meets

LEARNING = ("tpe", "gp", "cmaes")
"""Samplers that look at the trials so far."""
_MOST_COMBINATIONS = 100_000
_PACKAGES = {"cmaes": "cmaes"}
_NAME = ("sampler", "name")


def sampler_problems(space: SpaceFields) -> Iterator[Problem]:
    """List what the space has not that its sampler needs."""
    name, search = space.sampler.name, space.search
    if name == "grid":
        endless = [key for key, domain in search.items() if count_of(domain) is None]
        for key in endless:
            yield Problem(path=("search", key), text=_endless(search[key]))
        if (size := grid_size(space)) is not None and size > _MOST_COMBINATIONS:
            text = (
                f"the grid has {size:,} combinations, allowed are {_MOST_COMBINATIONS:,}; search "
                "fewer values, or use qmc, which covers a space evenly with any number of trials"
            )
            yield Problem(path=_NAME, text=text)
    if name == "cmaes" and search and all(isinstance(each, Choice) for each in search.values()):
        text = "cmaes learns ranges alone, and all that is searched are choices; use tpe"
        yield Problem(path=_NAME, text=text)


def package_problems(space: SpaceFields) -> list[Problem]:
    """Say what the sampler of a search that is to run here lacks; a record is read without it."""
    text = missing_package(space.sampler.name)
    return [Problem(path=_NAME, text=text)] if text else []


def missing_package(sampler: str) -> str:
    """What a sampler needs and is not installed, in words; "" where nothing is missing."""
    package = _PACKAGES.get(sampler)
    if package is None or find_spec(package) is not None:
        return ""
    return f"needs the package {package}: pip install {package}; or use tpe"


def grid_size(space: SpaceFields) -> int | None:
    """How many combinations a grid tries; None for another sampler, and where there is no end.

    Of several scales, the one at which most meet what is required: a resolved space has one.
    """
    counts = [count_of(domain) for domain in space.search.values()]
    if space.sampler.name != "grid" or None in counts:
        return None
    size = math.prod(count for count in counts if count is not None)
    if not space.require or size > _MOST_COMBINATIONS:
        return size
    values = grid_values(space.search)
    combinations = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    held = [scale.hyperparameters for scale in space.scales.values()] or [{}]
    required = [each for one in held if (each := meets(space, one)) is not None]
    return max(sum(map(one, combinations)) for one in required)


def grid_values(search: Mapping[str, AnyDomain]) -> dict[str, Sequence[Value]]:
    """The values whose combinations a grid is made of."""
    return {name: values_of(domain) for name, domain in search.items()}


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
