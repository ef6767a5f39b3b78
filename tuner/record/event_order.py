"""In which order events can follow each other: what no checksum shows of earlier records' lines."""

from dataclasses import dataclass

from tuner.record.events import (
    AttemptStarted,
    DriverStarted,
    EpochReported,
    Event,
    TrialAsked,
    TrialEvent,
)


@dataclass
class _Trial:
    attempts: int = 0
    epochs: int = 0


class Order:
    """Takes the events of a journal one after the other."""

    def __init__(self) -> None:
        self._trials: dict[int, _Trial] = {}
        self._begun = False

    def take(self, event: Event) -> None:
        """Raise ValueError for an event that cannot come next: one is missing, or stands twice."""
        if not isinstance(event.time, int | float):
            raise ValueError(f"its time is {event.time!r}")
        if not self._begun and not isinstance(event, DriverStarted):
            raise ValueError("no driver has started before it")
        self._begun = True
        match event:
            case TrialAsked():
                self._expect("trial", event.trial, len(self._trials))
                self._trials[event.trial] = _Trial()
            case TrialEvent():
                self._follow(event)

    def _follow(self, event: TrialEvent) -> None:
        trial = self._trials.get(event.trial) if isinstance(event.trial, int) else None
        if trial is None:
            raise ValueError(f"trial {event.trial} was not asked for before it")
        match event:
            case AttemptStarted():
                self._expect(f"attempt at trial {event.trial}", event.attempt, trial.attempts + 1)
                trial.attempts += 1
            case EpochReported():
                self._expect(f"epoch of trial {event.trial}", event.row.epoch, trial.epochs + 1)
                trial.epochs += 1

    def _expect(self, what: str, found: object, wanted: int) -> None:
        if found != wanted or isinstance(found, bool):
            raise ValueError(f"it is of {what} number {found!r}, and {wanted} would come next")
