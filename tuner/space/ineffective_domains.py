"""Domains whose values all mean the same at the space's image side: nothing would be searched."""

from __future__ import annotations

from models import detectors
from tuner.errors import Problem
from tuner.space.domains import Choice, spell
from tuner.space.model import Space


def idle_problems(space: Space) -> list[Problem]:
    """List the domains that lie beyond the highest value that means anything.

    For a new search alone: what was recorded so by an earlier version must be read.
    """
    size, found = space.data.size, list[Problem]()
    for each in detectors.hyperparameters(space.detector):
        domain, most = space.search.get(each.name), each.high_at.get(size)
        if domain is None or most is None:
            continue
        ends = domain.values if isinstance(domain, Choice) else (domain.low,)
        if all(isinstance(end, int | float) and end >= most for end in ends):
            text = (
                f"{spell(domain)} has nothing to search: at {size} x {size} all from {most:g} on "
                f"mean {most:g}; begin below, or say `{each.name}: {most:g}` under `fixed`"
            )
            found.append(Problem(path=("search", each.name), text=text))
    return found
