"""Trials as the journal's events tell them: the one place where events become state.

The running search and a reader of an old journal go through the same `apply`, so what a resume
sees is what the search saw.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tuner.record.basis import Basis
from tuner.record.events import (
    AttemptStarted,
    DriverStarted,
    EpochReported,
    Event,
    TrainingFailed,
    TrialAsked,
    TrialEnded,
    TrialEvent,
    TrialPaused,
    TrialPromoted,
    WorkerHung,
    WorkerLost,
)
from tuner.record.trials import Decision, TrialView


class History:
    """All trials of a search by number, their last decision, and the drivers' seconds.

    Since a trial's last epoch, `losses` counts the workers that it has lost, `outages` those apart
    that did not reach what they start from, `hangs` those that were ended because they were
    silent, and `errors` those of its training. `explained` is the last
    attempt that ended by one of the last two: its worker is not lost as well.

    `started` is the time of the very first event, which tells this search from all others.
    `time_budget_s` is the newest driver's, in seconds of all drivers together; None without one.
    `basis` is what its trials depend on, `space` what they were searched in, as it was written.

    A driver that was killed wrote no last word: its time counts up to its last event.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.trials: dict[int, TrialView] = {}
        self.losses: Counter[int] = Counter()
        self.outages: Counter[int] = Counter()
        self.hangs: Counter[int] = Counter()
        self.errors: Counter[int] = Counter()
        self.explained: dict[int, int] = {}
        self.decisions: dict[int, Decision] = {}
        self.started: float | None = None
        self.seconds = 0.0
        self.time_budget_s: float | None = None
        self.basis = Basis()
        self.space: Mapping[str, Any] = {}
        self._last_time: float | None = None
        for event in events:
            self.apply(event)

    @property
    def by_number(self) -> list[TrialView]:
        """All trials so far, by number."""
        return [self.trials[number] for number in sorted(self.trials)]

    def is_over(self, count: int) -> bool:
        """Whether so many trials have ended, and none is left."""
        ended = all(trial.ended for trial in self.trials.values())
        return len(self.trials) >= count and ended

    @property
    def paused(self) -> list[int]:
        """The trials that wait at a rung, by number."""
        return sorted(n for n, trial in self.trials.items() if trial.state == "paused")

    def is_to_pause(self, number: int) -> bool:
        """Whether the last decision on a trial is to pause it."""
        decision = self.decisions.get(number)
        return decision is not None and decision.action == "pause"

    def apply(self, event: Event) -> None:
        """Take one event in; events must come in the journal's order."""
        if self.started is None:
            self.started = event.time
        self._count_seconds(event)
        match event:
            case DriverStarted():
                self.time_budget_s = event.time_budget_s
                self.space = event.space
                self.basis = Basis(
                    split_digest=event.split_digest or self.basis.split_digest,
                    data_digest=event.data_digest or self.basis.data_digest,
                    code=event.code or self.basis.code,
                )
            case TrialAsked():
                self.trials[event.trial] = TrialView(
                    number=event.trial,
                    published=event.published,
                    hyperparameters=event.hyperparameters,
                )
            case AttemptStarted():
                self._update(event, attempts=event.attempt)
            case WorkerLost():
                in_a_row = self.outages if event.out_of_reach else self.losses
                in_a_row[event.trial] += 1
                self._update(event, lost_workers=self.trials[event.trial].lost_workers + 1)
            case WorkerHung():
                self.hangs[event.trial] += 1
                self._update(event, hangs=self.trials[event.trial].hangs + 1)
                self.explained[event.trial] = event.attempt
            case TrainingFailed():
                self.errors[event.trial] += 1
                self._update(event, errors=self.trials[event.trial].errors + 1)
                self.explained[event.trial] = event.attempt
            case EpochReported():
                for counter in (self.losses, self.outages, self.hangs, self.errors):
                    counter[event.trial] = 0
                self._update(event, rows=(*self.trials[event.trial].rows, event.row))
                self.decisions[event.trial] = event.decision
            case TrialPaused():
                self._update(event, state="paused")
            case TrialPromoted():
                self._update(event, state="running")
                del self.decisions[event.trial]
            case TrialEnded():
                self._update(event, state=event.state, reason=event.reason)

    def _update(self, event: TrialEvent, **changes: Any) -> None:
        self.trials[event.trial] = replace(self.trials[event.trial], **changes)

    def _count_seconds(self, event: Event) -> None:
        if not isinstance(event, DriverStarted) and self._last_time is not None:
            self.seconds += max(0.0, event.time - self._last_time)
        self._last_time = event.time
