"""Trials that ask a pack from several threads."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tests.tuner.worker.attempts import attempt, essence
from tuner.engine.attempt import (
    Attempt,
    Report,
)
from tuner.packing.pack import PackWorker
from tuner.worker.search_setting import TrialSetting

LANES = 3
Curve = list[tuple[object, ...]]
MakeSetting = Callable[[str], TrialSetting]


class Requests:
    """Asks a pack from several threads, as trial actors do."""

    def __init__(self, pack: PackWorker) -> None:
        self.pack = pack
        self._threads = ThreadPoolExecutor(16)

    def ask(self, of: Attempt) -> "Future[Report]":
        return self._threads.submit(self.pack.next_report, of)

    def curve(self, of: Attempt, epochs: int) -> "Future[Curve]":
        return self._threads.submit(
            lambda: [essence(self.pack.next_report(of)) for _ in range(epochs)]
        )


def alone(setting: TrialSetting, of: Attempt, epochs: int) -> Curve:
    worker = PackWorker(setting, LANES)
    try:
        return [essence(worker.next_report(of)) for _ in range(epochs)]
    finally:
        worker.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def differing(number: int) -> Attempt:
    return attempt(number, seed=number, patch_n=1 + number, generator_lr=1e-4 * (1 + number))
