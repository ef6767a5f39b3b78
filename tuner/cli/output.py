"""Plain lines on the console, from those parts of a command that have no screen of their own."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
"""Takes one line for people."""


def say(text: str) -> None:
    """Write one line at once; above a live screen, which takes over standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


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
