"""A record's events fed into a fresh sampler and a fresh scheduler.

Each driver of the search began by replaying what the drivers before it had recorded; so does the
replay, with the space that this driver wrote down. What a driver then asked and decided must come
out again. Values only a worker can know (metrics, losses, seconds) are taken as they are, but for
those that follow from others.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models import detectors
from tuner.cli.text import counted
from tuner.engine.deciding import decide, end_reason, next_promotion, with_best
from tuner.engine.early_stopping import EarlyStopping, catch_up, make_scheduler
from tuner.record.events import (
    DriverClosed,
    DriverStarted,
    EpochReported,
    Event,
    TrialAsked,
    TrialEnded,
    TrialEvent,
    TrialPaused,
    TrialPromoted,
)
from tuner.record.history import History
from tuner.record.journal import JournalError, read_journal
from tuner.record.trials import EndReason
from tuner.space import Space
from tuner.space.requirements import meets
from tuner.study.proposals import Proposals
from tuner.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first thing that did not come out again; `trial`, `epoch` None for what is of none."""

    trial: int | None
    epoch: int | None
    what: str
    recorded: object
    replayed: object

    def __str__(self) -> str:
        epoch = "" if self.epoch is None else f", epoch {self.epoch}"
        where = "the search" if self.trial is None else f"trial {self.trial}{epoch}"
        return f"{where}: {self.what}: recorded {self.recorded!r}, replayed {self.replayed!r}"


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What was compared, by kind, and the first difference if there is one."""

    counts: Counter[str]
    difference: Difference | None

    def lines(self) -> Sequence[str]:
        """What to tell a person."""
        counts = self.counts
        compared = (
            f"{counted(counts['suggestion'], 'suggestion')} and "
            f"{counted(counts['published'], 'published set')}, "
            f"{counted(counts['decision'], 'decision')} with {counted(counts['stop'], 'stop')}"
            f"{_pauses(counts)}, "
            f"{counted(counts['end'], 'end')} of trials, "
            f"under {counted(counts['driver'], 'driver')} "
            f"({counted(max(0, counts['driver'] - 1), 'resume')})"
        )
        if self.difference is None:
            return [f"Replayed: {compared}.", "Equal, bit for bit."]
        return [f"Replayed up to the first difference: {compared}.", str(self.difference)]


class _DifferenceError(Exception):
    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


def replay(record: Path) -> Replayed:
    """Replay the journal at `record`. Raises JournalError where it is damaged or empty."""
    run, events = _Replay(), read_journal(record)
    if not events:
        raise JournalError(f"{record} holds no event: there is nothing to replay.")
    try:
        for event in events:
            run.take(event)
    except _DifferenceError as found:
        return Replayed(counts=run.counts, difference=found.difference)
    except (KeyError, IndexError, TypeError) as error:
        raise JournalError(f"{record} does not hold what a search writes: {error!r}.") from error
    return Replayed(counts=run.counts, difference=None)


class _Replay:
    """Everything a driver would have in memory, made anew from the events so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._past: list[Event] = []
        self._history = History()
        self._space: Space
        self._scheduler: EarlyStopping
        self._study: Study
        self._proposals: Proposals

    def take(self, event: Event) -> None:
        """Compare what this event holds with what comes out now, then take it in."""
        match event:
            case DriverStarted():
                self._driver(event)
            case TrialAsked():
                self._asked(event)
            case EpochReported():
                self._epoch(event)
            case TrialPaused():
                self._paused(event)
            case TrialPromoted():
                self._promoted(event)
            case TrialEnded():
                self._ended(event)
            case DriverClosed():
                self._closed(event)
        self._history.apply(event)
        self._study.apply(event)
        self._past.append(event)

    def _driver(self, event: DriverStarted) -> None:
        self.counts["driver"] += 1
        self._space = space = Space.model_validate(event.space)
        self._scheduler = make_scheduler(space)
        self._study = Study(
            None,
            space.search,
            space.sampler,
            space.objective,
            self._past,
            meets=meets(space),
        )
        self._proposals = Proposals(space, self._study)
        catch_up(self._scheduler, self._past, space.objective)

    def _asked(self, event: TrialAsked) -> None:
        number = len(self._history.trials)
        _compare(event, "number", event.trial, number)
        promotion = next_promotion(self._space, self._scheduler, self._history)
        _compare(event, "trial promoted before it", None, promotion and promotion.number)
        proposal = self._proposals.make(number)
        _compare(event, "published set", event.published, proposal.published)
        _compare(event, "run it is taken from", event.taken_from, proposal.taken_from)
        _compare_each(event, "suggestion", event.searched, proposal.searched)
        _compare(event, "inactive hyperparameters", event.inactive, proposal.inactive)
        known = detectors.resolve(self._space.detector, {})  # earlier records have fewer
        recorded = {**known, **event.hyperparameters}
        _compare_each(event, "hyperparameter", recorded, proposal.hyperparameters)
        self.counts["published" if proposal.published else "suggestion"] += 1

    def _epoch(self, event: EpochReported) -> None:
        trial, row = self._history.trials[event.trial], event.row
        _compare(event, "state before it", "running", trial.state)
        again = with_best(trial, row).metrics
        for name, recorded in row.metrics.items():  # of earlier versions some alone
            _compare(event, name, recorded, again[name])
        decision = decide(self._space, self._scheduler, trial, row)
        _compare_each(event, "decision", asdict(event.decision), asdict(decision))
        self.counts["decision"] += 1
        self.counts["stop"] += decision.action == "stop" and row.epoch < self._space.epochs
        self.counts["pause"] += decision.action == "pause"

    def _paused(self, event: TrialPaused) -> None:
        trial = self._history.trials[event.trial]
        _compare(event, "state before it", "running", trial.state)
        _compare(event, "decision before it", True, trial.is_to_pause)

    def _promoted(self, event: TrialPromoted) -> None:
        promotion = next_promotion(self._space, self._scheduler, self._history)
        _compare(event, "promoted trial", event.trial, promotion and promotion.number)
        for name in ("rung", "rank", "of"):
            recorded, again = getattr(event, name), getattr(promotion, name)
            _compare(event, f"promotion's {name}", recorded, again)
        self.counts["promotion"] += 1

    def _ended(self, event: TrialEnded) -> None:
        trial = self._history.trials[event.trial]
        decision = trial.decision
        self.counts["end"] += 1
        if trial.state == "paused":
            self._ended_at_the_end(event)
            return
        _compare(event, "state before it", "running", trial.state)
        if decision is not None and decision.action == "stop":
            _compare(event, "state", event.state, end_reason(self._space, trial).state)
            _compare(event, "reason", event.reason, decision.reason)
        elif event.reason in (EndReason.FULL_LENGTH.word, EndReason.EARLY_STOPPING.word):
            _compare(event, "decision before its end", "stop", decision and decision.action)

    def _ended_at_the_end(self, event: TrialEnded) -> None:
        """What is paused ends when the search does: no trial is left to go on or to begin."""
        trials = self._history.trials
        _compare(event, "state", event.state, "pruned")
        _compare(event, "reason", event.reason, EndReason.EARLY_STOPPING.word)
        running = [number for number, trial in trials.items() if trial.state == "running"]
        _compare(event, "trials under way", [], running)
        _compare(event, "whether all have begun", True, len(trials) >= self._space.trials)
        promotion = next_promotion(self._space, self._scheduler, self._history)
        _compare(event, "trial to be promoted", None, promotion and promotion.number)

    def _closed(self, event: DriverClosed) -> None:
        over = self._history.is_over(self._space.trials)
        _compare(event, "finished", event.finished, over)


def _compare_each(event: TrialEvent, what: str, recorded: Any, replayed: Any) -> None:
    names: Iterable[str] = dict.fromkeys([*recorded, *replayed])
    for name in names:
        _compare(event, f"{what} {name}", recorded.get(name), replayed.get(name))


def _compare(event: Event, what: str, recorded: object, replayed: object) -> None:
    """Equal as they are written: 1 is not 1.0, and a float has all its digits."""
    if json.dumps(recorded) != json.dumps(replayed):
        raise _DifferenceError(
            Difference(
                trial=event.trial if isinstance(event, TrialEvent) else None,
                epoch=event.row.epoch if isinstance(event, EpochReported) else None,
                what=what,
                recorded=recorded,
                replayed=replayed,
            )
        )


def _pauses(counts: Counter[str]) -> str:
    if not counts["pause"]:
        return ""
    promotions = counted(counts["promotion"], "promotion")
    return f", {counted(counts['pause'], 'pause')} and {promotions}"
