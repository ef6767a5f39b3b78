"""The search itself, driven by events and ignorant of Ray and torch.

The scheduler decides, the trial executes, the engine mediates: a backend asks it for the next
attempt, hands it what workers report, and does what it answers. Whatever happens is first written
to the journal, then applied to the study and shown to the listeners, then acted upon.

A *trial* is a configuration, numbered by the study; an *attempt* is one try of a backend at it.
A trial whose worker is lost goes into one queue with those that an earlier driver left unfinished;
the queue is served, with number, hyperparameters and recorded epochs, before anything new is asked.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum

from tuner.engine.attempt import Attempt, Report
from tuner.engine.deciding import decide, final_state, with_best
from tuner.engine.early_stopping import REASON, Promotion, Scheduler
from tuner.record.history import History, row_of
from tuner.record.journal import Event, Journal, read_journal
from tuner.record.run_folder import RunFolder
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView
from tuner.seeds import derive
from tuner.space import Space
from tuner.study.proposals import Proposals
from tuner.study.study import Study

HANGS = 2  # so often in a row, without an epoch in between, a trial may hang: then it has failed
OUTAGES = 20  # the same for workers out of reach of the storage: each waits 40 s by itself at least
HOPELESS = 3  # trials that fail before any epoch, with none that has reported: the search ends
HOPELESSLY_DIVERGED = 10  # the same for trials that end without an epoch, however they end


class NoAttempt(Enum):
    """Why there is no attempt to hand out."""

    WAIT = "all slots are taken, or the last trials are under way"
    FINISHED = "every trial has ended"


class Engine:
    """One search, from its first trial or from where its journal stands.

    `time_budget_s` counts all its drivers together; None is what the record says, if anything.
    """

    def __init__(  # noqa: PLR0913
        self,
        space: Space,
        folder: RunFolder,
        *,
        scheduler: Scheduler,
        slots: int,
        time_budget_s: float | None = None,
        split_digest: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._space = space
        self._scheduler = scheduler
        self.slots = slots
        self.listeners: Sequence[SearchListener] = ()
        self._clock = clock
        self._running: dict[str, Attempt] = {}
        self.interrupted = False
        self.say: Callable[[str], object] = lambda _text: None
        self._noticed = False
        self._warned: set[str] = set()
        self.failure: str | None = None
        events = read_journal(folder.journal)
        self._journal = Journal(folder.journal)
        self.history = History()
        self._study = Study(folder.study, space.search, space.sampler, space.objective, events)
        self._proposals = Proposals(space, self._study)
        for event in events:
            self._replay(event)
        self.recorded_until = events[-1]["time"] if events else None
        recorded_s = self.history.time_budget_s
        self._write(
            event="driver",
            resumed=bool(events),
            slots=slots,
            time_budget_s=recorded_s if time_budget_s is None else time_budget_s,
            split_digest=split_digest,
            space=space.model_dump(mode="json"),
        )
        self._started = self._clock()
        self._seconds_before = self.history.seconds
        self._close_decided()
        self._queue = deque(n for n, t in self.history.trials.items() if t.state == "running")

    @property
    def trials(self) -> list[TrialView]:
        """All trials so far, by number."""
        return [self.history.trials[number] for number in sorted(self.history.trials)]

    @property
    def seconds(self) -> float:
        """Seconds that this search's drivers have run, this one included."""
        return self._seconds_before + self._clock() - self._started

    @property
    def stopping(self) -> bool:
        """Whether it is over before its time: interrupted, hopeless, or out of its time budget."""
        return self.interrupted or self.failure is not None or self.out_of_time

    @property
    def out_of_time(self) -> bool:
        """Whether the time budget is used up, that of all drivers together."""
        budget_s = self.history.time_budget_s
        return budget_s is not None and self.seconds >= budget_s

    @property
    def finished(self) -> bool:
        """Whether every trial of the space has ended."""
        trials = self.history.trials.values()
        return len(trials) >= self._space.trials and all(trial.ended for trial in trials)

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
        self._end_paused()
        return NoAttempt.FINISHED

    def report(self, attempt_id: str, report: Report) -> Decision:
        """Record what the worker of an attempt says and answer whether it shall go on."""
        attempt = self._running[attempt_id]
        if report.notice:
            self._notice(attempt.number, report.notice)
        if report.row is not None:
            self._warn(attempt.number, report.row.worker, report.warning)
            return self._epoch(attempt.number, report.row)
        if report.outcome == "diverged":
            reason = report.reason or "diverged"
            self._end(attempt.number, "pruned", reason)
            return Decision(action="stop", reason=reason)
        return self._error(attempt, report.reason)

    def _error(self, attempt: Attempt, reason: str) -> Decision:
        """Count an error of the training apart from losses; the trial goes on after the first."""
        number = attempt.number
        self._write(event="error", trial=number, attempt=attempt.attempt, reason=reason)
        if self.history.errors[number] > self._space.resources.error_retries:
            self._end(number, "failed", f"error: {reason}")
        return Decision(action="stop", reason=f"error: {reason}")

    def attempt_over(self, attempt_id: str, cause: str = "", *, out_of_reach: bool = False) -> None:
        """Take note that the backend has let go of an attempt; `cause` is what it knows of why.

        A trial that has not ended by then is tried again. If neither an error nor a hang explains
        the end, it has lost its worker, and is tried `resources.infrastructure_retries` times
        without an epoch in between. A worker that was `out_of_reach` of what it starts from, as in
        an outage of the storage, uses none of them up: such ones have a number of their own.
        """
        attempt = self._running.pop(attempt_id, None)
        if attempt is None or self.stopping:
            return
        number = attempt.number
        if self.history.trials[number].state != "running":
            return
        if self.history.is_to_pause(number):
            self._pause(number)
            return
        if self.history.explained.get(number) != attempt.attempt:
            self._write(
                event="lost",
                trial=number,
                attempt=attempt.attempt,
                cause=cause,
                out_of_reach=out_of_reach,
            )
        reason = self._spent(number, cause)
        if reason:
            self._end(number, "failed", reason)
        else:
            self._queue.append(number)

    def _spent(self, number: int, cause: str) -> str:
        """Why a trial that has lost its worker is not tried again; empty if it is."""
        losses, hangs = self.history.losses[number], self.history.hangs[number]
        outages = self.history.outages[number]
        if hangs >= HANGS:
            return f"error: hung {hangs} times in a row; its log has the stacks"
        if losses > self._space.resources.infrastructure_retries:
            return f"error: worker lost {losses} times in a row" + (f": {cause}" if cause else "")
        if outages >= OUTAGES:
            return f"error: out of reach {outages} times in a row: {cause}"
        return ""

    def epoch_seconds(self, attempt_id: str) -> list[float] | None:
        """What the epochs of an attempt's trial took so far; None if it is not under way."""
        attempt = self._running.get(attempt_id)
        if attempt is None:
            return None
        return [row.seconds for row in self.history.trials[attempt.number].rows]

    def hung(self, attempt_id: str, silent_s: float) -> int:
        """Take note that the backend ends a worker after so long in silence; the trial's number."""
        attempt = self._running[attempt_id]
        self._write(event="hung", trial=attempt.number, attempt=attempt.attempt, silent_s=silent_s)
        return attempt.number

    def note(self, **event: object) -> None:
        """Put an event into the record that changes no trial: what people will want to know."""
        self._write(**event)

    def _notice(self, number: int, text: str) -> None:
        """Say a worker's trouble once; each time is in the trial's log."""
        if not self._noticed:
            self._noticed = True
            self.note(event="notice", trial=number, text=text)
            self.say(f"Trial {number}: {text} Further ones are in the trials' logs.")

    def _warn(self, number: int, worker: str, text: str) -> None:
        """Say what a worker warns of, once in the words that it has."""
        if text and text not in self._warned:
            self._warned.add(text)
            self.note(event="notice", trial=number, text=text)
            self.say(f"{worker}: {text}")

    def interrupt(self) -> None:
        """Hand out nothing more; trials under way stay unfinished, for a resume."""
        self.interrupted = True

    def give_up(self, reason: str) -> None:
        """End the search because the backend cannot go on; trials under way stay unfinished."""
        self.failure = self.failure or reason

    def close(self) -> None:
        """Put the record on disk for good, with the time up to now."""
        self._write(event="closed", finished=self.finished)
        with suppress(OSError):  # said already
            self._journal.close()
        self._study.close()

    def _next_number(self) -> int | None:
        if self._queue:
            return self._queue.popleft()
        promotion = self._scheduler.promotion(self.history.paused)
        if promotion is not None:
            return promotion.number if self._promote(promotion) else None
        number = len(self.history.trials)
        if number >= self._space.trials:
            return None
        proposal = self._proposals.make(number)
        written = self._write(
            event="asked",
            trial=number,
            published=proposal.published,
            searched=proposal.searched,
            hyperparameters=proposal.hyperparameters,
        )
        return number if written else None

    def _promote(self, promotion: Promotion) -> bool:
        """Let a paused trial go on."""
        return self._write(
            event="promoted",
            trial=promotion.number,
            rung=promotion.rung,
            rank=promotion.rank,
            of=promotion.of,
        )

    def _pause(self, number: int) -> None:
        if self._write(event="paused", trial=number):
            trial = self.history.trials[number]
            self._tell(lambda listener: listener.trial_paused(trial))

    def _end_paused(self) -> None:
        """At the end of the search, what is paused has been stopped where it stands."""
        for number in self.history.paused:
            if not self.stopping:
                self._end(number, "pruned", REASON)

    def _start(self, attempt_id: str, number: int) -> Attempt:
        trial = self.history.trials[number]
        attempt = Attempt(
            number=number,
            attempt=trial.attempts + 1,
            hyperparameters=trial.hyperparameters,
            seed=derive(self._space.sampler.seed, "trial", number),
            recorded_epochs=trial.epochs,
        )
        self._running[attempt_id] = attempt
        self._write(event="attempt", trial=number, attempt=attempt.attempt, from_epoch=trial.epochs)
        started = self.history.trials[number]
        self._tell(lambda listener: listener.trial_started(started, attempt.attempt))
        return attempt

    def _epoch(self, number: int, row: EpochRow) -> Decision:
        row = with_best(self.history.trials[number], row)
        decision = decide(self._space, self._scheduler, self.history.trials[number], row)
        self._write(
            event="epoch",
            trial=number,
            epoch=row.epoch,
            metrics=row.metrics,
            losses=row.losses,
            seconds=row.seconds,
            worker=row.worker,
            stage=row.stage,
            decision=vars(decision),
        )
        trial = self.history.trials[number]
        self._tell(lambda listener: listener.epoch_reported(trial, row, decision))
        if decision.action == "stop":
            self._end(number, final_state(decision), decision.reason)
        return decision

    def _end(self, number: int, state: str, reason: str) -> None:
        if not self._write(event="ended", trial=number, state=state, reason=reason):
            return
        trial = self.history.trials[number]
        self._tell(lambda listener: listener.trial_ended(trial))
        self._give_up_if_hopeless()

    def _tell(self, tell: Callable[[SearchListener], None]) -> None:
        """Let the listeners know. One that fails, as a console whose pipe is closed, hears no more:
        the search outlives those who watch it.
        """
        for listener in tuple(self.listeners):
            try:
                tell(listener)
            except (Exception, SystemExit) as error:
                self.listeners = [each for each in self.listeners if each is not listener]
                self.note(
                    event="listener_failed", listener=type(listener).__name__, error=repr(error)
                )

    def _give_up_if_hopeless(self) -> None:
        """A mistake that breaks every trial should cost a few of them, not two hundred."""
        trials = self.history.trials.values()
        ended = [t for t in trials if t.ended]
        if any(t.rows for t in trials) or not ended:
            return
        failed = [t for t in ended if t.state == "failed"]
        if len(failed) >= min(HOPELESS, self._space.trials):
            self.failure = f"the first {len(failed)} trials failed: {failed[-1].reason}"
        elif len(ended) >= min(HOPELESSLY_DIVERGED, self._space.trials):
            why = f"none of the first {len(ended)} trials came through an epoch"
            self.failure = f"{why}; the last {ended[-1].reason}"

    def _write(self, **event: object) -> bool:
        """Record an event and take it in; where that fails, the search ends with the reason."""
        stamped: Event = {**event, "time": self._clock()}
        try:
            self._journal.append(stamped)
            self.history.apply(stamped)
            self._study.apply(stamped)
        except (OSError, sqlite3.Error) as error:
            self.failure = f"the record cannot be written: {error}; free the disk, then --resume"
            return False
        return True

    def _replay(self, event: Event) -> None:
        if event["event"] == "epoch":
            row = row_of(event)
            self._scheduler.decide(event["trial"], row.epoch, row.metrics[self._space.objective])
        self.history.apply(event)

    def _close_decided(self) -> None:
        """End or pause the trials whose last decision was to do so: a kill came in between."""
        for number, decision in tuple(self.history.decisions.items()):
            if self.history.trials[number].state != "running":
                continue
            if decision.action == "stop":
                self._end(number, final_state(decision), decision.reason)
            elif decision.action == "pause":
                self._pause(number)
