"""What is known of a trial, and how those who watch a search hear of it.

Values only: the engine makes them from the journal's events, console, W&B and reports read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.hyperparameters import Value

_DIVERGED = ("diverged", "collapsed")
TrialState = Literal["running", "paused", "complete", "pruned", "failed"]
Action = Literal["continue", "pause", "stop"]


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """One epoch of one trial, as its worker reported it; `epoch` counts from 1.

    `stage` is that of the training, "" of a detector that has one. Values are compared within a
    stage only: the next one has scores of its own.
    """

    epoch: int
    metrics: Mapping[str, float]
    losses: Mapping[str, float]
    seconds: float
    worker: str
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the scheduler made of an epoch; `rung` is the epoch of the rung that was reached.

    `rank` of `of` is the trial's place among all that have reached this rung so far, 1 the best. A
    paused trial may go on later, when more have reached its rung.
    """

    action: Action
    reason: str = ""
    rung: int | None = None
    rank: int | None = None
    of: int | None = None


@dataclass(frozen=True, kw_only=True)
class TrialView:
    """Everything the record knows of one trial.

    `reason` says why it ended ("asha", "diverged: ...", "collapsed: ...", "error: ..."), and is
    empty for a trial that ran its full length; `published` names the published set that the trial
    tries, if it is one.

    `lost_workers`, `errors` and `hangs` of its `attempts` ended that way, whether or not an epoch
    came after; the last may have ended the trial, and any may have ended with its driver.
    """

    number: int
    state: TrialState = "running"
    reason: str = ""
    published: str | None = None
    hyperparameters: Mapping[str, Value] = field(default_factory=dict)
    rows: tuple[EpochRow, ...] = ()
    attempts: int = 0
    lost_workers: int = 0
    errors: int = 0
    hangs: int = 0

    @property
    def epochs(self) -> int:
        """Epochs reported so far."""
        return len(self.rows)

    @property
    def ended(self) -> bool:
        """Whether it has reached its final state."""
        return self.state not in ("running", "paused")

    @property
    def diverged(self) -> bool:
        """Whether training came to nothing: weights, losses or scores of no use."""
        return self.reason.startswith(_DIVERGED)


def of_stage(rows: Sequence[EpochRow], stage: str) -> list[EpochRow]:
    """The rows of one stage of the training."""
    return [row for row in rows if row.stage == stage]


def is_kept(objective: str, values: Sequence[float]) -> bool:
    """Whether the newest epoch is the one to keep, by the metric's `values` of its stage so far.

    `best_...` keeps the epoch of the highest value, the latest of equals: where few validation
    images are all told apart from the first epoch on, that is not the least trained. Without it
    the last is kept.
    """
    return not objective.startswith("best_") or values[-1] == max(values)


class SearchListener:
    """Hears of every event once, in order, in the driver's own thread: it must be quick.

    Each method does nothing here; a listener has those that it has a use for.
    """

    def search_started(self, trials: Sequence[TrialView]) -> None:
        """Before all else, with the trials that earlier drivers have left; none of a new search."""

    def trial_started(self, trial: TrialView, attempt: int) -> None:
        """A worker is about to train `trial`; `attempt` counts its tries from 1."""

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        """`row`, already in `trial.rows`, is on disk together with the decision on it."""

    def trial_paused(self, trial: TrialView) -> None:
        """`trial` waits at its rung, its worker gone; `trial_started` if it is promoted."""

    def trial_ended(self, trial: TrialView) -> None:
        """`trial` has reached its final state."""
