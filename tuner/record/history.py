"""Trials as the journal's events tell them: the one place where events become state.

The running search and a reader of an old journal go through the same `apply`, so what a resume
sees is what the search saw.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

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
from tuner.record.provenance import Provenance
from tuner.record.trials import Decided, Decision, Hindrance, Interruption, TrialView


class History:
    """All trials of a search by number, and the drivers' seconds.

    `started` is the time of the very first event, which tells this search from all others.
    `time_budget_s` is the newest driver's, in seconds of all drivers together; None without one.
    `provenance` is what its trials depend on, `space` what they were searched in, as it was
    written.

    A driver that was killed wrote no last word: its time counts up to its last event.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.trials: dict[int, TrialView] = {}
        self.started: float | None = None
        self.seconds = 0.0
        self.time_budget_s: float | None = None
        self.provenance = Provenance()
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

    def apply(self, event: Event) -> None:
        """Take one event in; events must come in the journal's order."""
        if self.started is None:
            self.started = event.time
        self._count_seconds(event)
        match event:
            case DriverStarted():
                self.time_budget_s = event.time_budget_s
                self.space = event.space
                self.provenance = Provenance(
                    split_digest=event.split_digest or self.provenance.split_digest,
                    images_digest=event.images_digest or self.provenance.images_digest,
                    code=event.code or self.provenance.code,
                )
            case TrialAsked():
                self.trials[event.trial] = TrialView(
                    number=event.trial,
                    published=event.published,
                    hyperparameters=event.hyperparameters,
                    inactive=event.inactive,
                )
            case AttemptStarted():
                self._update(event, attempts=event.attempt)
            case WorkerLost():
                kind: Hindrance = "out of reach" if event.out_of_reach else "lost"
                self._interrupted(event, kind, event.cause)
            case WorkerHung():
                self._interrupted(event, "hung", f"silent for {event.silent_s:.0f} s")
            case TrainingFailed():
                self._interrupted(event, "error", event.reason)
            case EpochReported():
                rows = (*self.trials[event.trial].rows, event.row)
                changes = {"rows": rows, "lacks_best": event.lacks_best}
                self._decided(event, len(rows), event.decision, **changes)
            case TrialPaused():
                self._update(event, state="paused")
            case TrialPromoted():
                epochs = self.trials[event.trial].epochs
                self._decided(event, epochs, _promotion(event), state="running")
            case TrialEnded():
                self._update(event, state=event.state, reason=event.reason)

    def _interrupted(
        self, event: WorkerLost | WorkerHung | TrainingFailed, kind: Hindrance, cause: str
    ) -> None:
        trial = self.trials[event.trial]
        one = Interruption(
            kind=kind, time=event.time, attempt=event.attempt, epochs=trial.epochs, cause=cause
        )
        self._update(event, interruptions=(*trial.interruptions, one))

    def _decided(self, event: TrialEvent, epochs: int, decision: Decision, **changes: Any) -> None:
        one = Decided(time=event.time, epochs=epochs, decision=decision)
        decisions = (*self.trials[event.trial].decisions, one)
        self._update(event, decisions=decisions, **changes)

    def _update(self, event: TrialEvent, **changes: Any) -> None:
        self.trials[event.trial] = replace(self.trials[event.trial], **changes)

    def _count_seconds(self, event: Event) -> None:
        if not isinstance(event, DriverStarted) and self._last_time is not None:
            self.seconds += max(0.0, event.time - self._last_time)
        self._last_time = event.time


def _promotion(event: TrialPromoted) -> Decision:
    return Decision(
        action="continue", reason="promoted", rung=event.rung, rank=event.rank, of=event.of
    )
