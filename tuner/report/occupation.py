"""Which worker trained which trial when: the record's attempts as stretches of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tuner.record.events import (
    AttemptStarted,
    DriverStarted,
    EpochReported,
    TrainingFailed,
    TrialEnded,
    TrialEvent,
    TrialPaused,
    WorkerHung,
    WorkerLost,
)
from tuner.record.trials import Hindrance
from tuner.report.material import Material

_LAST = (TrialPaused, TrialEnded, WorkerLost, WorkerHung, TrainingFailed)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A trial at work from `begin` to `end`, in seconds of search; `machine` "" where unknown."""

    trial: int
    begin: float
    end: float
    epochs: int = 0
    machine: str = ""


def stretches(material: Material) -> list[Stretch]:
    """All of them, by their beginning. A driver that was killed ended its own at its last event."""
    found: list[Stretch] = []
    open_: dict[int, Stretch] = {}
    last = 0.0
    for now, event in zip(material.moments, material.events, strict=True):
        if isinstance(event, DriverStarted):
            found += [replace(each, end=last) for each in open_.values()]
            open_.clear()
        if isinstance(event, TrialEvent):
            _take_in(event, now, open_, found)
        last = now
    found += [replace(each, end=last) for each in open_.values()]
    return sorted(found, key=lambda each: (each.begin, each.trial))


def _take_in(
    event: TrialEvent, now: float, open_: dict[int, Stretch], found: list[Stretch]
) -> None:
    if isinstance(event, AttemptStarted):
        open_[event.trial] = Stretch(trial=event.trial, begin=now, end=now)
    elif event.trial not in open_:
        return
    elif isinstance(event, EpochReported):
        one = open_[event.trial]
        machine = event.row.worker.partition("/")[0]
        open_[event.trial] = replace(one, end=now, epochs=one.epochs + 1, machine=machine)
    elif isinstance(event, _LAST):
        found.append(replace(open_.pop(event.trial), end=now))


def in_rows(found: Sequence[Stretch]) -> Iterator[tuple[str, list[Stretch]]]:
    """The stretches of each slot of each machine: those in a row do not overlap."""
    known = {each.machine for each in found} - {""}
    unknown = known.pop() if len(known) == 1 else "no epoch"  # of attempts that reported none
    machines: dict[str, list[list[Stretch]]] = {}
    for each in found:
        rows = machines.setdefault(each.machine or unknown, [])
        free = next((row for row in rows if row[-1].end <= each.begin + 1e-6), None)
        if free is None:
            rows.append([each])
        else:
            free.append(each)
    for machine, rows in sorted(machines.items()):
        for number, row in enumerate(rows, 1):
            yield f"{machine} · {number}", row


def faults(material: Material) -> Iterator[tuple[Hindrance, float, int, str]]:
    """What went wrong: its kind, when, of which trial, and what is known of why."""
    for trial in material.trials:
        for one in trial.interruptions:
            yield one.kind, material.moment(one.time), trial.number, one.cause


def resumes(material: Material) -> list[tuple[float, float]]:
    """When a driver went on, in seconds of search, and how long there had been none."""
    found = []
    for place, event in enumerate(material.events):
        if isinstance(event, DriverStarted) and place:
            gap = event.time - material.events[place - 1].time
            found.append((material.moments[place], max(0.0, gap)))
    return found
