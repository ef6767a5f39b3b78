"""A search taken along the events of a record, for as long as the same happens in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from models.hyperparameters import Value
from tuner.engine.attempt import Attempt, Report
from tuner.engine.early_stopping import make_scheduler
from tuner.engine.engine import Engine, NoAttempt
from tuner.record.events import (
    AttemptStarted,
    DriverStarted,
    EpochReported,
    EpochsLost,
    Event,
    ListenerFailed,
    Noticed,
    RecordRestored,
    TrainingFailed,
    TrialAsked,
    TrialEnded,
    TrialPaused,
    TrialPromoted,
    WarmStarted,
    WorkerHung,
    WorkerLost,
)
from tuner.record.run_folder import RunFolder
from tuner.simulation.backend import VirtualClock
from tuner.space import Space
from tuner.study.proposals import Proposal

_NOTED = (WarmStarted, Noticed, ListenerFailed, RecordRestored, EpochsLost)


class Follower:
    """Feeds an engine what the record's workers did, at the recorded times.

    `changed` makes the space of a driver. `under_way` are the attempts that have not ended, by
    trial, in the order in which their present epochs began.
    """

    engine: Engine

    def __init__(
        self,
        folder: RunFolder,
        changed: Callable[[Mapping[str, object]], Space],
        proposed: Sequence[Proposal],
    ) -> None:
        self.clock = VirtualClock()
        self.under_way: dict[int, tuple[str, Attempt]] = {}
        self._folder, self._changed, self._proposed = folder, changed, proposed
        self._begun, self._is_open = 0, False

    def follow(self, events: Sequence[Event]) -> int | None:
        """Go along; the place of the event that did not come out alike, None if all did."""
        for nth, event in enumerate(events):
            if isinstance(event, DriverStarted):
                self.open(event)
            self.clock.now = event.time
            if not self._goes_along(event):
                return nth
        return None

    def open(self, event: DriverStarted, slots: int | None = None) -> None:
        """Begin as this driver did, after all that those before it have left."""
        if self._is_open:
            self.engine.close()
        self._is_open = True
        self.under_way.clear()
        self.clock.now = max(self.clock.now, event.time)
        space = self._changed(event.space)
        self.engine = Engine(
            space,
            self._folder,
            scheduler=make_scheduler(space),
            slots=slots or event.slots,
            time_budget_s=event.time_budget_s,
            clock=self.clock,
            proposed=self._proposed,
        )

    def _goes_along(self, event: Event) -> bool:
        match event:
            case TrialAsked():
                return self._begin(event.trial, event.hyperparameters)
            case TrialPromoted() | AttemptStarted():
                return event.trial in self.under_way or self._begin(event.trial)
            case EpochReported():
                return self._epoch(event)
            case TrialPaused():
                self._over(event.trial)
            case TrialEnded():
                return self._ended(event)
            case TrainingFailed():
                self._report(event.trial, Report(outcome="error", reason=event.reason))
                self._over(event.trial)
            case WorkerHung():
                self.engine.hung(self.under_way[event.trial][0], event.silent_s)
                self._over(event.trial)
            case WorkerLost():
                self._over(event.trial, event.cause, out_of_reach=event.out_of_reach)
            case _ if isinstance(event, _NOTED):
                self.engine.note(event)
        return True

    def _begin(self, number: int, asked: Mapping[str, Value] | None = None) -> bool:
        """Have an attempt handed out; whether it is at this trial, as it was asked for."""
        attempt = self._next()
        if isinstance(attempt, NoAttempt) or attempt.number != number:
            return False
        return asked is None or attempt.hyperparameters == asked

    def _next(self) -> Attempt | NoAttempt:
        attempt_id = f"recorded-{self._begun}"
        attempt = self.engine.next_attempt(attempt_id)
        if isinstance(attempt, Attempt):
            self._begun += 1
            self.under_way[attempt.number] = (attempt_id, attempt)
        return attempt

    def _epoch(self, event: EpochReported) -> bool:
        report = Report(outcome="epoch", row=event.row, lacks_best=event.lacks_best)
        action = self._report(event.trial, report)
        alike = action == event.decision.action
        if action == "stop" or (action == "pause" and not alike):  # else it is told of the pause
            self._over(event.trial)
        return alike

    def _ended(self, event: TrialEnded) -> bool:
        trial = self.engine.history.trials[event.trial]
        if trial.ended:
            return True
        if trial.state == "paused":  # the search is over
            return self._next() is NoAttempt.FINISHED
        self._report(event.trial, Report(outcome="diverged", reason=event.reason))
        self._over(event.trial)
        return True

    def _report(self, number: int, report: Report) -> str:
        attempt_id, attempt = self.under_way.pop(number)
        self.under_way[number] = (attempt_id, attempt)  # its next epoch begins after the others'
        return self.engine.report(attempt_id, report).action

    def _over(self, number: int, cause: str = "", *, out_of_reach: bool = False) -> None:
        if number in self.under_way:
            attempt_id, _ = self.under_way.pop(number)
            self.engine.attempt_over(attempt_id, cause, out_of_reach=out_of_reach)
