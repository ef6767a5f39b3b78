"""A backend that trains in this process, one trial after the other: real networks without Ray."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from models.hyperparameters import Value
from tuner.engine.attempt import Attempt
from tuner.engine.engine import Engine, NoAttempt
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import LaneChoice
from tuner.planning.machine import find_machine
from tuner.space import Machine, Space
from tuner.worker.setting import TrialSetting
from tuner.worker.trial import TrialWorker


class InlineBackend:
    """For small searches: nothing else goes on meanwhile. It joins no cluster at an `address`."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address

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
        """Train every attempt to the end that the engine decides on."""
        worker = TrialWorker(setting)
        for number in itertools.count():
            attempt = engine.next_attempt(str(number))
            if isinstance(attempt, NoAttempt):
                return None
            self._train(worker, attempt, engine, str(number))
        return None

    def _train(
        self, worker: TrialWorker, attempt: Attempt, engine: Engine, attempt_id: str
    ) -> None:
        worker.begin(attempt)
        while engine.report(attempt_id, worker.next_report()).action == "continue":
            pass
        engine.attempt_over(attempt_id)
