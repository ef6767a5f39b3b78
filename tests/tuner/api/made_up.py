"""Searches that train nothing, in which a signal comes as a notebook's stop button sends it."""

import signal

from tests.tuner.inline import InlineBackend, MadeUpWorker
from tuner.engine.attempt import Report


class StoppedWorker(MadeUpWorker):
    """Sends its own process a signal, so many times, before the epoch that comes after so many."""

    def __init__(self, epochs: int, number: int, times: int) -> None:
        super().__init__()
        self._left, self._number, self._times = epochs, number, times

    def next_report(self) -> Report:
        for _ in range(self._times if self._left == 0 else 0):
            assert signal.getsignal(self._number) is not signal.SIG_DFL, "it ends the process"
            signal.raise_signal(self._number)
        self._left -= 1
        return super().next_report()


def made_up() -> InlineBackend:
    """One that nothing disturbs."""
    return InlineBackend(worker=MadeUpWorker)


def stopped_at(epochs: int, number: int = signal.SIGINT, times: int = 1) -> InlineBackend:
    """One in which a signal comes after so many epochs."""
    return InlineBackend(worker=lambda _setting: StoppedWorker(epochs, number, times))
