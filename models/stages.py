"""How the epochs of a training are shared out among a detector's stages. Torch-free.

A detector says its stages as their names with the share of the epochs that each takes, in their
order. Where one ends depends on the number of epochs alone, so trials of a search are at every
epoch in the same stage and can be compared there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

Shares = Mapping[str, float]
"""Share of the epochs by the name of the stage; {} of a detector that trains nothing."""

SINGLE: Shares = {"training": 1.0}
"""What a detector has that says no stages."""


def shares_problem(shares: Shares) -> str:
    """Say which share is no number above 0, or ""."""
    for name, share in shares.items():
        if not isinstance(share, int | float) or not 0 < share < math.inf:
            return f"the share of stage {name} is {share!r}, allowed is a number above 0"
    return ""


def epochs_problem(shares: Shares, epochs: int) -> str:
    """Say what is wrong with so few epochs, or ""."""
    if epochs >= len(shares):
        return ""
    names = ", ".join(shares)
    return f"{len(shares)} stages need {len(shares)} epochs or more ({names}); got {epochs}"


def stage_ends(shares: Shares, epochs: int) -> tuple[int, ...]:
    """Return the last epoch of each stage, counted from 1: each has at least one.

    Raises ValueError for fewer epochs than stages.
    """
    if problem := epochs_problem(shares, epochs):
        raise ValueError(problem)
    whole, taken = sum(shares.values()), 0.0
    ends: list[int] = []
    for number, share in enumerate(shares.values(), start=1):
        taken += share
        least, most = (ends[-1] if ends else 0) + 1, epochs - (len(shares) - number)
        ends.append(min(max(round(epochs * taken / whole), least), most))
    return tuple(ends)


def stage_starts(shares: Shares, epochs: int) -> tuple[int, ...]:
    """Return the first epoch of each stage, counted from 1."""
    return tuple(end + 1 for end in (0, *stage_ends(shares, epochs)[:-1])) if shares else ()


def stage_at(shares: Shares, epochs: int, epoch: int) -> int:
    """Return which stage `epoch`, counted from 1, belongs to; the last from its end on."""
    ends = stage_ends(shares, epochs)
    return next((place for place, end in enumerate(ends) if epoch <= end), len(ends) - 1)


def last_stage_start(shares: Shares, epochs: int) -> int:
    """Return the first epoch of the last stage: 1 of a detector of one stage, or of none."""
    return stage_starts(shares, epochs)[-1] if shares else 1


def least_epochs(shares: Shares, each: int) -> int:
    """Return the fewest epochs that give every stage `each` of them; `each` without stages."""
    epochs = max(1, len(shares)) * each
    while shares and min(stage_lengths(shares, epochs)) < each:
        epochs += 1
    return epochs


def stage_lengths(shares: Shares, epochs: int) -> tuple[int, ...]:
    """Return how many epochs each stage has."""
    return tuple(end - start for start, end in pairwise((0, *stage_ends(shares, epochs))))
