"""Ctrl-C and SIGTERM: the first ends the work in good order, the second at once."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from tuner.cli.output import say

INTERRUPTED = 130  # the exit status of a process that Ctrl-C ended
_TERMINATED = 128 + signal.SIGTERM
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _show_cursor() -> None:
    """A live screen hides it, and nothing else would bring it back."""
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[?25h")
        sys.stdout.flush()


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGINT or SIGTERM; the system itself ends the process on a second.

    So a second one works whatever the process is stuck in. It loses nothing: the record on disk is
    whole after every event, and Ray's processes end with their driver.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        with suppress(RuntimeError, OSError):  # the signal came in the middle of other output
            _show_cursor()  # nobody could do it after a second signal
            say("Stopping: the record is safe. Once more leaves at once.")

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def leave_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that nothing half-made is left; status 143."""
    if threading.current_thread() is not threading.main_thread():  # others take no signals
        yield
        return

    def leave(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
