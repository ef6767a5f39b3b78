"""A backend that trains in this process, one trial after the other: no Ray."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from models.hyperparameters import Value
from tests.tuner.simulated import row
from tuner.engine.attempt import Attempt, Report
from tuner.engine.engine import Engine, NoAttempt
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import LaneChoice
from tuner.planning.machine import find_machine
from tuner.space import Machine, Space
from tuner.worker.search_setting import TrialSetting
from tuner.worker.trial import TrialWorker


class Worker(Protocol):
    """What trains one trial at a time: a `TrialWorker`, or what reports made-up epochs."""

    def begin(self, attempt: Attempt) -> None:
        """Take on an attempt."""

    def next_report(self) -> Report:
        """Train to the next epoch that is to be reported."""


class MadeUpWorker:
    """Trains nothing: each epoch of a trial is better than the one before."""

    def __init__(self, _setting: object = None) -> None:
        self._attempt: Attempt | None = None
        self._epoch = 0

    def begin(self, attempt: Attempt) -> None:
        self._attempt, self._epoch = attempt, attempt.recorded_epochs

    def next_report(self) -> Report:
        assert self._attempt is not None
        self._epoch += 1
        return Report(outcome="epoch", row=row(self._attempt.hyperparameters, self._epoch))


def run_inline(engine: Engine, worker: Worker) -> None:
    """Every attempt to the end that the engine decides on."""
    for number in itertools.count():
        attempt = engine.next_attempt(str(number))
        if isinstance(attempt, NoAttempt):
            return
        worker.begin(attempt)
        while engine.report(str(number), worker.next_report()).action == "continue":
            pass
        engine.attempt_over(str(number))


class InlineBackend:
    """For small searches: nothing else goes on meanwhile. It joins no cluster at an `address`."""

    def __init__(
        self, address: str | None = None, worker: Callable[[TrialSetting], Worker] = TrialWorker
    ) -> None:
        self.address = address
        self._worker = worker

    def check(self, space: Space) -> None:
        """Take any space."""

    @contextmanager
    def connected(self) -> Iterator[Machine]:
        """Be ready: there is nothing to start."""
        yield find_machine()

    def lanes_of_a_gpu(self, setting: TrialSetting, values: Mapping[str, Value]) -> LaneChoice:
        """Measure nothing: it trains one trial after the other, on a GPU too."""
        return LaneChoice()

    def run(
        self, engine: Engine, setting: TrialSetting, space: Space, machine: Machine, *, lanes: int
    ) -> Occupancy | None:
        run_inline(engine, self._worker(setting))
        return None
