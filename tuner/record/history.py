"""Trials as the journal's events tell them: the one place where events become state.

The running search and a reader of an old journal go through the same `apply`, so what a resume
sees is what the search saw.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tuner.record.journal import Event
from tuner.record.trials import Decision, EpochRow, TrialView


class History:
    """All trials of a search by number, their last decision, and the drivers' seconds.

    Since a trial's last epoch, `losses` counts the workers that it has lost, `outages` those apart
    that did not reach what they start from, `hangs` those that were ended because they were
    silent, and `errors` those of its training. `explained` is the last
    attempt that ended by one of the last two: its worker is not lost as well.

    `started` is the time of the very first event, which tells this search from all others.
    `time_budget_s` is the newest driver's, in seconds of all drivers together; None without one.

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
        self.split_digest = ""
        self._closed = False
        self._last_time: float | None = None
        for event in events:
            self.apply(event)

    @property
    def by_number(self) -> list[TrialView]:
        """All trials so far, by number."""
        return [self.trials[number] for number in sorted(self.trials)]

    def is_over(self, count: int) -> bool:
        """Whether so many trials have ended, none is under way, and the driver has closed it."""
        under_way = any(trial.state == "running" for trial in self.trials.values())
        return self._closed and len(self.trials) >= count and not under_way

    def apply(self, event: Event) -> None:
        """Take one event in; events must come in the journal's order."""
        if self.started is None:
            self.started = event["time"]
        self._count_seconds(event)
        self._closed = event["event"] == "closed"
        match event["event"]:
            case "driver":  # records of earlier versions do not have it
                self.time_budget_s = event.get("time_budget_s", self.time_budget_s)
                self.split_digest = event.get("split_digest", self.split_digest)
            case "asked":
                self.trials[event["trial"]] = _asked(event)
            case "attempt":
                self._update(event, attempts=event["attempt"])
            case "lost":
                out_of_reach = event.get("out_of_reach", False)  # not in earlier records
                kind = self.outages if out_of_reach else self.losses
                self._count(event, kind, "lost_workers")
            case "hung":
                self._count(event, self.hangs, "hangs")
                self.explained[event["trial"]] = event["attempt"]
            case "error":
                self._count(event, self.errors, "errors")
                self.explained[event["trial"]] = event["attempt"]
            case "epoch":
                for counter in (self.losses, self.outages, self.hangs, self.errors):
                    counter[event["trial"]] = 0
                self._update(event, rows=(*self.trials[event["trial"]].rows, row_of(event)))
                self.decisions[event["trial"]] = Decision(**event["decision"])
            case "ended":
                self._update(event, state=event["state"], reason=event["reason"])

    def _count(self, event: Event, in_a_row: Counter[int], total: str) -> None:
        number = event["trial"]
        in_a_row[number] += 1
        self._update(event, **{total: getattr(self.trials[number], total) + 1})

    def _update(self, event: Event, **changes: Any) -> None:
        self.trials[event["trial"]] = replace(self.trials[event["trial"]], **changes)

    def _count_seconds(self, event: Event) -> None:
        if event["event"] != "driver" and self._last_time is not None:
            self.seconds += max(0.0, event["time"] - self._last_time)
        self._last_time = event["time"]


def _asked(event: Event) -> TrialView:
    return TrialView(
        number=event["trial"],
        published=event["published"],
        hyperparameters=event["hyperparameters"],
    )


def row_of(event: Event) -> EpochRow:
    """The row that an `epoch` event holds."""
    return EpochRow(
        epoch=event["epoch"],
        metrics=event["metrics"],
        losses=event["losses"],
        seconds=event["seconds"],
        worker=event["worker"],
        stage=event.get("stage", ""),  # not in earlier records
    )
