"""Ctrl-C and SIGTERM: the first ends the search in good order, the second at once."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tuner.notices import say

INTERRUPTED = 130  # the exit status of a process that Ctrl-C ended


def _show_cursor() -> None:
    """A live screen hides it, and nothing else would bring it back."""
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[?25h")
        sys.stdout.flush()


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGINT or SIGTERM; a second leaves the process without a word.

    Leaving at once loses nothing: the record on disk is whole after every event.
    """
    asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _show_cursor()
            os._exit(INTERRUPTED)
        asked = True
        say("Stopping: the record is safe. Once more leaves at once.")
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
