"""What is known of a trial, and how those who watch a search hear of it.

Values only: the engine makes them from the journal's events, console, W&B and reports read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal

from models.hyperparameters import Value

TrialState = Literal["running", "paused", "complete", "pruned", "failed"]
Action = Literal["continue", "pause", "stop"]
Hindrance = Literal["lost", "out of reach", "hung", "error"]


class EndReason(Enum):
    """Why a trial ended: the state that it ends in, and the word that its reason begins with."""

    FULL_LENGTH = "complete", ""
    EARLY_STOPPING = "pruned", "asha"
    DIVERGED = "pruned", "diverged"
    COLLAPSED = "pruned", "collapsed"
    ERROR = "failed", "error"

    def __init__(self, state: TrialState, word: str) -> None:
        self.state = state
        self.word = word

    @classmethod
    def of(cls, state: TrialState, reason: str) -> "EndReason":
        """What a record's words mean; a scheduler's own ones are early stopping too."""
        same = {each.word: each for each in cls if each.state == state}
        only = next(iter(same.values()))
        return same.get(reason.partition(":")[0], only)


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


SPARED = "published set"
"""The reason of a decision that early stopping would have taken otherwise."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision as it was recorded: at `time`, when the trial had so many `epochs`."""

    time: float
    epochs: int
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Interruption:
    """An attempt that ended before its trial did, at `time`, when the trial had so many `epochs`.

    Its worker was lost, or `out of reach` of what it starts from, or was ended because it was
    silent, or its training raised an error; `cause` says in a line what is known of why.
    """

    kind: Hindrance
    time: float
    attempt: int
    epochs: int
    cause: str


@dataclass(frozen=True, kw_only=True)
class TrialView:
    """Everything the record knows of one trial.

    `reason` says in words why it ended, and is empty for a trial that ran its full length; `end`
    is the kind of it. `published` names the published set that the trial tries, if it is one.

    `decisions` are those after each epoch, and each promotion as one to continue. `interruptions`
    are those of its `attempts` that ended so, whether or not an epoch came after; the last may have
    ended the trial. An attempt that ended with its driver is none.

    Of its `hyperparameters` those `inactive` are searched in other trials, and not in this one:
    what it was trained with are all, what is shown of it are its `settings`.

    It `lacks_best` where its best detector so far could not be written.
    """

    number: int
    state: TrialState = "running"
    reason: str = ""
    published: str | None = None
    hyperparameters: Mapping[str, Value] = field(default_factory=dict)
    inactive: Sequence[str] = ()
    rows: tuple[EpochRow, ...] = field(default=(), repr=False)
    attempts: int = 0
    decisions: tuple[Decided, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    lacks_best: bool = False

    @cached_property
    def settings(self) -> Mapping[str, Value]:
        """Its hyperparameters without those that are inactive."""
        if not self.inactive:
            return self.hyperparameters
        return {k: value for k, value in self.hyperparameters.items() if k not in self.inactive}

    @property
    def epochs(self) -> int:
        """Epochs reported so far."""
        return len(self.rows)

    @property
    def ended(self) -> bool:
        """Whether it has reached its final state."""
        return self.state not in ("running", "paused")

    @property
    def end(self) -> EndReason | None:
        """Why it ended, if it has."""
        return EndReason.of(self.state, self.reason) if self.ended else None

    @property
    def diverged(self) -> bool:
        """Whether training came to nothing: weights, losses or scores of no use."""
        return self.end in (EndReason.DIVERGED, EndReason.COLLAPSED)

    @property
    def decision(self) -> Decision | None:
        """The last decision on it, if there was one."""
        return self.decisions[-1].decision if self.decisions else None

    @property
    def is_to_pause(self) -> bool:
        """Whether it was last decided to pause it."""
        return self.decision is not None and self.decision.action == "pause"

    def count(self, *kinds: Hindrance) -> int:
        """How many of its interruptions are of these kinds."""
        return sum(one.kind in kinds for one in self.interruptions)

    def in_a_row(self, kind: Hindrance) -> int:
        """How many of a kind there were since its last epoch."""
        return sum(one.kind == kind and one.epochs == self.epochs for one in self.interruptions)


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
