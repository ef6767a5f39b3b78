"""How a search stands at the end of a driver's work, for Python and for the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.cli.text import counted
from tuner.record.trials import TrialView
from tuner.results.leaderboard import Standing, best


@dataclass(frozen=True, kw_only=True)
class SearchSummary:
    """`finished` if no trial is left. `signal` has ended it, SIGINT or SIGTERM, if any.

    It is `out_of_budget` where that of its time or of its devices ended it.
    """

    run_folder: Path
    trials: Sequence[TrialView]
    seconds: float
    finished: bool
    interrupted: bool
    failure: str | None
    signal: int | None = None
    objective: str = "best_auroc"
    out_of_budget: bool = False

    @property
    def best(self) -> Standing | None:
        """The best trial, with its value and epoch; None where no trial has a score."""
        return best(self.trials, self.objective)

    @property
    def lacking_best(self) -> Sequence[int]:
        """The trials whose best detector could not be written."""
        return [trial.number for trial in self.trials if trial.lacks_best]

    def __repr__(self) -> str:
        """In a line: a notebook shows it, and there may be thousands of trials."""
        parts = [counted(len(self.trials), "trial"), "finished" if self.finished else "unfinished"]
        if found := self.best:
            parts.append(f"best {found.value:.4f} by trial {found.trial.number}")
        return f"<SearchSummary of {self.run_folder}: {', '.join(parts)}>"
