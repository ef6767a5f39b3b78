"""Divide a number of draws evenly over groups."""

from __future__ import annotations

from collections.abc import Sequence


def even_shares(total: int, sizes: Sequence[int]) -> list[int]:
    """Say how many to take from each group so that the groups give as equal numbers as they can.

    A group smaller than its share gives all it has and the others make up for it. What does not
    divide evenly goes, one each, to the largest groups, of equal ones to the last. The
    result depends on nothing but the arguments, and adds up to `total` or to all there is.
    """
    shares = [0] * len(sizes)
    remaining = total
    ascending = sorted(range(len(sizes)), key=lambda group: sizes[group])
    for position, group in enumerate(ascending):
        shares[group] = min(sizes[group], remaining // (len(sizes) - position))
        remaining -= shares[group]
    return shares
