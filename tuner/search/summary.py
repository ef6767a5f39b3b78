"""How a search stands at the end of a driver's work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.record.trials import TrialView


@dataclass(frozen=True, kw_only=True)
class SearchSummary:
    """`finished` if no trial is left. `signal` has ended it, if any.

    It is `out_of_budget` where that of its time or of its devices ended it.
    """

    trials: Sequence[TrialView]
    finished: bool
    interrupted: bool
    failure: str | None
    signal: int | None = None
    out_of_budget: bool = False
