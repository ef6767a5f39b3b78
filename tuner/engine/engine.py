"""The search itself, driven by events and ignorant of Ray and torch.

The scheduler decides, the trial executes, the engine mediates: a backend asks it for the next
attempt, hands it what workers report, and does what it answers. Whatever happens is first written
to the journal, then applied to the study and shown to the listeners, then acted upon.

A *trial* is a configuration, numbered by the study; an *attempt* is one try of a backend at it.
A trial whose worker is lost goes into one queue with those that an earlier driver left unfinished;
the queue is served, with number, hyperparameters and recorded epochs, before anything new is asked.
"""

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum

from tuner.engine.attempt import Attempt, Report
from tuner.engine.budget import DeviceBudget
from tuner.engine.deciding import decide, end_reason, next_promotion, with_best
from tuner.engine.early_stopping import EarlyStopping, Promotion, catch_up
from tuner.engine.listeners import Listeners
from tuner.engine.recorder import Clock, Recorder
from tuner.engine.retries import hopeless, spent
from tuner.record.events import (
    AttemptStarted,
    DriverClosed,
    DriverStarted,
    EpochReported,
    Event,
    TrainingFailed,
    TrialAsked,
    TrialEnded,
    TrialPaused,
    TrialPromoted,
    WorkerHung,
    WorkerLost,
)
from tuner.record.history import History
from tuner.record.provenance import Provenance
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, EndReason, EpochRow, SearchListener, TrialView
from tuner.seeds import trial_seed
from tuner.space import Space
from tuner.study.proposals import Proposal, Proposals

_NOTHING_KNOWN = Provenance()


class NoAttempt(Enum):
    """Why there is no attempt to hand out."""

    WAIT = "all slots are taken, or the last trials are under way"
    FINISHED = "every trial has ended"


class Engine:
    """One search, from its first trial or from where its journal stands.

    `time_budget_s` counts all its drivers together; None is what the record says, if anything.
    `past` are the journal's events, read already; None where the engine is to read them.
    `proposed` are the first trials, where another search has asked for them.
    """

    def __init__(  # noqa: PLR0913
        self,
        space: Space,
        folder: RunFolder,
        *,
        scheduler: EarlyStopping,
        slots: int,
        time_budget_s: float | None = None,
        provenance: Provenance = _NOTHING_KNOWN,
        clock: Clock = time.time,
        past: Sequence[Event] | None = None,
        proposed: Sequence[Proposal] = (),
        device: str = "",
    ) -> None:
        self._space = space
        self._scheduler = scheduler
        self.slots = slots
        self.clock = clock
        self._running: dict[str, Attempt] = {}
        self.interrupted = self._closed = False
        self.listeners = Listeners(self._write, clock)
        self._failure: str | None = None
        self._recorder = Recorder(space, folder, past)
        self._proposals = Proposals(space, self._recorder.study, proposed)
        rows = [row for trial in self.trials for row in trial.rows]
        self._budget, self._budget_refuses = DeviceBudget(space, rows), False
        past = self._recorder.past
        catch_up(scheduler, past, space.objective)
        self.recorded_until = past[-1].time if past else None
        recorded_s = self.history.time_budget_s
        self._write(
            DriverStarted(
                time=self.clock(),
                resumed=bool(past),
                slots=slots,
                time_budget_s=recorded_s if time_budget_s is None else time_budget_s,
                split_digest=provenance.split_digest,
                images_digest=provenance.images_digest,
                code=provenance.code,
                device=device,
                space=space.model_dump(mode="json"),
            )
        )
        self._started = self.clock()
        self._seconds_before = self.history.seconds
        self._close_decided()
        self._queue = deque(n for n, t in self.history.trials.items() if t.state == "running")

    @property
    def history(self) -> History:
        """What the record says by now."""
        return self._recorder.history

    @property
    def failure(self) -> str | None:
        """Why the search was given up, if it was."""
        return self._failure or self._recorder.failure

    @property
    def trials(self) -> list[TrialView]:
        """All trials so far, by number."""
        return self.history.by_number

    @property
    def seconds(self) -> float:
        """Seconds that this search's drivers have run, this one included up to its close."""
        if self._closed:
            return self.history.seconds
        return self._seconds_before + self.clock() - self._started

    @property
    def stopping(self) -> bool:
        """Whether it is over before its time: interrupted, hopeless, or out of its budget."""
        if self.interrupted or self.failure is not None:
            return True
        return self.out_of_time or self._budget.is_used_up

    @property
    def out_of_time(self) -> bool:
        """Whether the time budget is used up, that of all drivers together."""
        budget_s = self.history.time_budget_s
        return budget_s is not None and self.seconds >= budget_s

    @property
    def out_of_devices(self) -> bool:
        """Whether the budget of devices lets no more begin, or has ended what was under way."""
        return self._budget_refuses or self._budget.is_used_up

    @property
    def device_s(self) -> float:
        """Seconds of devices that its trials have had, by their recorded epochs."""
        return self._budget.used_s

    @property
    def finished(self) -> bool:
        """Whether every trial of the space has ended."""
        return self.history.is_over(self._space.trials)

    def next_attempt(self, attempt_id: str) -> Attempt | NoAttempt:
        """The next attempt for the backend to run, under the id by which it will speak of it."""
        if self.stopping:
            return NoAttempt.FINISHED if not self._running else NoAttempt.WAIT
        if len(self._running) >= self.slots:
            return NoAttempt.WAIT
        number = self._next_number()
        if number is not None:
            return self._start(attempt_id, number)
        if self._running:
            return NoAttempt.WAIT
        if self._budget_refuses:
            return NoAttempt.FINISHED
        self._end_paused()
        return NoAttempt.FINISHED

    def report(self, attempt_id: str, report: Report) -> Decision:
        """Record what the worker of an attempt says and answer whether it shall go on."""
        attempt = self._running[attempt_id]
        if report.notice:
            self.listeners.trouble(attempt.number, report.notice)
        if report.row is not None:
            if report.warning:
                self.listeners.warning(attempt.number, report.row.worker, report.warning)
            return self._epoch(attempt.number, report.row, lacks_best=report.lacks_best)
        if report.outcome == "diverged":
            return self._diverged(attempt.number, report.reason or "diverged")
        return self._error(attempt, report.reason)

    def attempt_over(self, attempt_id: str, cause: str = "", *, out_of_reach: bool = False) -> None:
        """Take note that the backend has let go of an attempt; `cause` is what it knows of why.

        A trial that has not ended by then waits at its rung, or is tried again. If neither an error
        nor a hang explains the end, it has lost its worker, and is tried
        `resources.infrastructure_retries` times without an epoch in between. A worker that was
        `out_of_reach` of what it starts from, as in an outage of the storage, uses none of them up:
        such ones have a number of their own.
        """
        attempt = self._running.pop(attempt_id, None)
        if attempt is None or self.stopping:
            return
        number = attempt.number
        trial = self.history.trials[number]
        if trial.state != "running":
            return
        if trial.is_to_pause:
            self._pause(number)
            return
        if all(one.attempt != attempt.attempt for one in trial.interruptions):
            self._write(
                WorkerLost(
                    time=self.clock(),
                    trial=number,
                    attempt=attempt.attempt,
                    cause=cause,
                    out_of_reach=out_of_reach,
                )
            )
        reason = spent(self.history.trials[number], self._space.resources, cause)
        if reason:
            self._end(number, EndReason.ERROR, reason)
        else:
            self._queue.append(number)

    def epoch_seconds(self, attempt_id: str) -> list[float] | None:
        """What the epochs of an attempt's trial took so far; None if it is not under way."""
        attempt = self._running.get(attempt_id)
        if attempt is None:
            return None
        return [row.seconds for row in self.history.trials[attempt.number].rows]

    def hung(self, attempt_id: str, silent_s: float) -> int:
        """Take note that the backend ends a worker after so long in silence; the trial's number."""
        attempt = self._running[attempt_id]
        self._write(
            WorkerHung(
                time=self.clock(),
                trial=attempt.number,
                attempt=attempt.attempt,
                silent_s=silent_s,
            )
        )
        return attempt.number

    def watch(self, *listeners: SearchListener) -> None:
        """Let these hear of the search from now on."""
        self.listeners.all = listeners
        trials = self.trials
        self.listeners.tell(lambda listener: listener.search_started(trials))

    def note(self, event: Event) -> None:
        """Put an event into the record that changes no trial: what people will want to know."""
        self._write(event)

    def interrupt(self) -> None:
        """Hand out nothing more; trials under way stay unfinished, for a resume."""
        self.interrupted = True

    def give_up(self, reason: str) -> None:
        """End the search because the backend cannot go on; trials under way stay unfinished."""
        self._failure = self._failure or reason

    def close(self) -> None:
        """Put the record on disk for good, with the time up to now; once is enough."""
        if not self._closed:
            self._closed = True
            self._write(DriverClosed(time=self.clock(), finished=self.finished))
            self._recorder.close()

    def _next_number(self) -> int | None:
        if self._queue:
            goes_on = self._affords(self.history.trials[self._queue[0]].epochs)
            return self._queue.popleft() if goes_on else None
        promotion = next_promotion(self._space, self._scheduler, self.history)
        if promotion is not None:
            if not self._affords(self.history.trials[promotion.number].epochs):
                return None
            return promotion.number if self._promote(promotion) else None
        number = len(self.history.trials)
        if number >= self._space.trials or not self._affords(0):
            return None
        proposal = self._proposals.make(number)
        written = self._write(
            TrialAsked(
                time=self.clock(),
                trial=number,
                published=proposal.published,
                taken_from=proposal.taken_from,
                searched=proposal.searched,
                hyperparameters=proposal.hyperparameters,
                inactive=proposal.inactive,
            )
        )
        return number if written else None

    def _affords(self, epochs: int) -> bool:
        """Whether a trial of so many epochs may go on; once one may not, the search draws in."""
        running = [self.history.trials[one.number] for one in self._running.values()]
        self._budget_refuses |= not self._budget.allows(epochs, running)
        return not self._budget_refuses

    def _promote(self, promotion: Promotion) -> bool:
        """Let a paused trial go on."""
        return self._write(
            TrialPromoted(
                time=self.clock(),
                trial=promotion.number,
                rung=promotion.rung,
                rank=promotion.rank,
                of=promotion.of,
            )
        )

    def _start(self, attempt_id: str, number: int) -> Attempt:
        trial = self.history.trials[number]
        attempt = Attempt(
            number=number,
            attempt=trial.attempts + 1,
            hyperparameters=trial.hyperparameters,
            seed=trial_seed(self._space.sampler.seed, number),
            recorded_epochs=trial.epochs,
        )
        self._running[attempt_id] = attempt
        self._write(
            AttemptStarted(
                time=self.clock(),
                trial=number,
                attempt=attempt.attempt,
                from_epoch=trial.epochs,
            )
        )
        started = self.history.trials[number]
        self.listeners.tell(lambda listener: listener.trial_started(started, attempt.attempt))
        return attempt

    def _epoch(self, number: int, reported: EpochRow, *, lacks_best: bool) -> Decision:
        before = self.history.trials[number]
        row = with_best(before, _finite(reported))
        if self._space.objective not in row.metrics:
            return self._diverged(number, f"diverged: its {self._space.objective} is not finite")
        decision = decide(self._space, self._scheduler, before, row)
        event = EpochReported(
            time=self.clock(), trial=number, row=row, decision=decision, lacks_best=lacks_best
        )
        if not self._write(event):
            return Decision(action="stop", reason=self.failure or "")
        self._budget.take(row)
        trial = self.history.trials[number]
        self.listeners.tell(lambda listener: listener.epoch_reported(trial, row, decision))
        if decision.action == "stop":
            self._end(number, end_reason(self._space, trial), decision.reason)
        return decision

    def _diverged(self, number: int, reason: str) -> Decision:
        self._end(number, EndReason.DIVERGED, reason)
        return Decision(action="stop", reason=reason)

    def _error(self, attempt: Attempt, reason: str) -> Decision:
        """Count an error of the training apart from losses; the trial goes on after the first."""
        number, text = attempt.number, f"error: {reason}"
        self._write(
            TrainingFailed(time=self.clock(), trial=number, attempt=attempt.attempt, reason=reason)
        )
        if self.history.trials[number].in_a_row("error") > self._space.resources.error_retries:
            self._end(number, EndReason.ERROR, text)
        return Decision(action="stop", reason=text)

    def _pause(self, number: int) -> None:
        if self._write(TrialPaused(time=self.clock(), trial=number)):
            trial = self.history.trials[number]
            self.listeners.tell(lambda listener: listener.trial_paused(trial))

    def _end_paused(self) -> None:
        """At the end of the search, what is paused has been stopped where it stands."""
        for number in self.history.paused:
            if not self.interrupted and self.failure is None:  # the time budget ends no loop
                self._end(number, EndReason.EARLY_STOPPING, EndReason.EARLY_STOPPING.word)

    def _end(self, number: int, end: EndReason, reason: str) -> None:
        ended = TrialEnded(time=self.clock(), trial=number, state=end.state, reason=reason)
        if not self._write(ended):
            return
        trial = self.history.trials[number]
        self.listeners.tell(lambda listener: listener.trial_ended(trial))
        why = hopeless(self.history.trials.values(), self._space.trials)
        if why:
            self.give_up(why)

    def _close_decided(self) -> None:
        """End or pause the trials whose last decision was to do so: a kill came in between."""
        for trial in self.trials:
            if trial.state != "running" or trial.decision is None:
                continue
            if trial.decision.action == "stop":
                self._end(trial.number, end_reason(self._space, trial), trial.decision.reason)
            elif trial.decision.action == "pause":
                self._pause(trial.number)

    def _write(self, event: Event) -> bool:
        """Record an event; where that fails, the search ends with the reason."""
        return self._recorder.write(event)


def _finite(row: EpochRow) -> EpochRow:
    """The row without the numbers that are none: JSON has no word for them."""
    return replace(row, metrics=_numbers(row.metrics), losses=_numbers(row.losses))


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
