"""Those who watch a search, and what is said of it in passing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from tuner.record.events import ListenerFailed, Noticed
from tuner.record.trials import SearchListener

Say = Callable[[str], object]
Note = Callable[[ListenerFailed | Noticed], object]
Clock = Callable[[], float]


class Listeners:
    """Tells all of them. One that fails, as a console whose pipe is closed, hears no more: the
    search outlives those who watch it.

    `note` records an event, `say` tells people.
    """

    def __init__(self, note: Note, clock: Clock) -> None:
        self.all: tuple[SearchListener, ...] = ()
        self.say: Say = lambda _text: None
        self._note, self._clock = note, clock
        self._troubled = False
        self._warned: set[str] = set()

    def tell(self, tell: Callable[[SearchListener], None]) -> None:
        """Let each of them know."""
        for listener in self.all:
            try:
                tell(listener)
            except (Exception, SystemExit) as error:
                self._dismiss(listener, error)

    def trouble(self, trial: int, text: str) -> None:
        """Say a worker's trouble once; each time is in the trial's log."""
        if not self._troubled:
            self._troubled = True
            self._note(Noticed(time=self._clock(), trial=trial, text=text))
            self.say(f"Trial {trial}: {text} Further ones are in the trials' logs.")

    def warning(self, trial: int, worker: str, text: str) -> None:
        """Say what a worker warns of, once in the words that it has."""
        if text not in self._warned:
            self._warned.add(text)
            self._note(Noticed(time=self._clock(), trial=trial, text=text))
            self.say(f"{worker}: {text}")

    def _dismiss(self, listener: SearchListener, error: BaseException) -> None:
        name = type(listener).__name__
        self.all = tuple(each for each in self.all if each is not listener)
        self._note(ListenerFailed(time=self._clock(), listener=name, error=repr(error)))
        with suppress(Exception, SystemExit):  # it may be the console itself
            self.say(f"{name} failed and hears no more of the search, which goes on: {error!r}")
