"""A search followed by its record alone: each event is told to the console as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tuner.console.listener import ConsoleListener
from tuner.console.state import SearchState
from tuner.errors import TunerError
from tuner.record.compatibility import recorded_space, space_missing
from tuner.record.events import (
    AttemptStarted,
    DriverClosed,
    DriverStarted,
    EpochReported,
    Event,
    TrialEnded,
    TrialPaused,
)
from tuner.record.history import History
from tuner.record.journal_tail import JournalTail
from tuner.record.time_budget import time_budget
from tuner.results.standard_errors import with_standard_errors
from tuner.search.figures_note import figures_note
from tuner.search.time_budget import resume_command
from tuner.space import Space
from tuner.storage.files import as_typed
from tuner.watch.source import Record, StoredRecord


class Following:
    """The state of a record as far as it has been read."""

    def __init__(self, record: Record) -> None:
        self._tail = JournalTail(record.folder.journal)
        self._record = record
        self.history = History()
        self.slots = 1
        self.began = time.time()
        self.epochs_since = 0
        self.closed: DriverClosed | None = None

    def look(self) -> list[Event]:
        """Read what has come; the history stands before it until `take` is called for each."""
        self._record.look()
        return self._tail.new_events()

    def take(self, event: Event) -> None:
        """Stand behind one more event."""
        self.history.apply(event)
        match event:
            case DriverStarted():
                self.slots, self.began, self.epochs_since = event.slots, event.time, 0
                self.closed = None
            case EpochReported():
                self.epochs_since += 1
            case DriverClosed():
                self.closed = event


def follow(record: Record, name: str, wait: Callable[[float], object] = time.sleep) -> bool:
    """Show a search until no driver is at work on it; whether it is finished.

    Raises TunerError where the record cannot be read.
    """
    following = Following(record)
    space = _begun(record, following, wait)
    with _console(name, space, following) as console:
        console.state.restore(following.history.by_number)
        gone = False
        while not gone:
            gone = record.driver_is_gone()  # and then all that it has written is there
            _tell(console, following, following.look())
            if not gone:
                wait(record.every_s)
    _sum_up(console, space, following, record)
    return following.history.is_over(space.trials)


def _begun(record: Record, following: Following, wait: Callable[[float], object]) -> Space:
    """Wait until a driver has written what it searches; all events by then are taken."""
    while True:
        gone = record.driver_is_gone()
        for event in following.look():
            following.take(event)
        if following.history.started is not None:
            found = recorded_space(record.folder)
            if found is None:
                raise space_missing(record.folder)
            return found
        if gone:
            raise TunerError(f"{record.folder} holds no search: nothing is recorded of it")
        wait(record.every_s)


def _console(name: str, space: Space, following: Following) -> ConsoleListener:
    state = SearchState(
        trials=space.trials,
        epochs=space.epochs,
        objective=space.objective,
        clock=time.time,
        session_epochs=following.epochs_since,
        began=following.began,
    )
    return ConsoleListener(name, state, following.slots)


def _tell(console: ConsoleListener, following: Following, events: Iterable[Event]) -> None:
    for event in events:
        following.take(event)
        trials = following.history.trials
        match event:
            case DriverStarted():
                console.slots = event.slots
                console.state.begin_again(event.time)
            case AttemptStarted():
                console.trial_started(trials[event.trial], event.attempt)
            case EpochReported():
                console.epoch_reported(trials[event.trial], event.row, event.decision)
            case TrialPaused():
                console.trial_paused(trials[event.trial])
            case TrialEnded():
                console.trial_ended(trials[event.trial])


def _sum_up(console: ConsoleListener, space: Space, following: Following, record: Record) -> None:
    """What the search says at its end; commands are printed where they can be typed."""
    history, folder = following.history, record.folder
    trials = with_standard_errors(history.by_number, space, folder)
    finished = history.is_over(space.trials)
    if following.closed is None:
        console.say("Its driver is gone without a last word: it was killed, or its machine was.")
    if isinstance(record, StoredRecord):
        console.leaderboard(trials, history.seconds)
        console.gain(trials)
        console.say(figures_note(space, folder))
        return
    console.summary(
        trials,
        as_typed(folder.path.absolute()),
        seconds=history.seconds,
        note=figures_note(space, folder),
        resume="" if finished else resume_command(folder, time_budget(history, space, None)),
    )
