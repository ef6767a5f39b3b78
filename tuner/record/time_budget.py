"""The time that all drivers of a search may take together, and what they have taken."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.record.history import History
from tuner.space import Space


@dataclass(frozen=True, kw_only=True)
class TimeBudget:
    """Seconds of all drivers together, and those of them that are used."""

    seconds: float
    used_s: float = 0.0

    @property
    def left_s(self) -> float:
        """What the next driver has."""
        return self.seconds - self.used_s


def time_budget(history: History, space: Space, given_s: float | None) -> TimeBudget | None:
    """The one that is given, else the space's where it is a new one, else the one that is recorded.

    None for no limit.
    """
    seconds = history.time_budget_s if given_s is None else given_s
    if given_s is None and space.budget.time != _written(history):
        seconds = space.budget.time
    return None if seconds is None else TimeBudget(seconds=seconds, used_s=history.seconds)


def _written(history: History) -> object:
    """What the space of the last driver said; the ones of earlier versions said nothing."""
    return history.space.get("budget", {}).get("time")
