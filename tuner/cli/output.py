"""Plain lines on the console, from those parts of a command that have no screen of their own."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_REMIND_S = 3.0
_PATIENT_S = 45.0  # after which there are fewer reminders

Say = Callable[[str], None]
"""Takes one line for people."""


_silences: list[object] = []


def say(text: str) -> None:
    """Write one line at once; above a live screen, which takes over standard output."""
    if is_silent():
        return
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def is_silent() -> bool:
    """Whether nothing is to be said."""
    return bool(_silences)


@contextmanager
def silence() -> Iterator[None]:
    """Say nothing for a while, from whichever thread."""
    _silences.append(None)
    try:
        yield
    finally:
        _silences.pop()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes a while, and again every few seconds: silence looks like a hang."""
    say(f"{what} ...")
    with reminding(what):
        yield


@contextmanager
def reminding(what: str) -> Iterator[None]:
    """Say every few seconds what is under way, and nothing where it is over sooner."""
    over, started = threading.Event(), time.monotonic()

    def remind() -> None:
        every_s = _REMIND_S
        while not over.wait(every_s):
            past_s = time.monotonic() - started
            every_s = _REMIND_S if past_s < _PATIENT_S else _REMIND_S * 10
            with suppress(OSError):  # whoever works meanwhile meets it too
                say(f"{what}: {past_s:.0f} s so far")

    thread = threading.Thread(target=remind, name="tuner-waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def log_lines_shown() -> Iterator[None]:
    """Show what the library logs for people, such as which copy of the images is used."""
    logger = logging.getLogger("models")
    handler = _ToConsole()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _ToConsole(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())
