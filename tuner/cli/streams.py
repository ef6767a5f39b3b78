"""Standard output and error, as a person may have left them: closed, full, or short of letters."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from tuner.errors import TunerError

_LAST_STANDARD = 2  # the number of standard error


@contextmanager
def usable_streams(*, lenient: bool) -> Iterator[bool]:
    """See that there are streams whatever was closed, and that no letter ends a command.

    Yields whether there was a standard output. A `lenient` command leaves its results in files: it
    works on where standard output cannot be written, and is told so once, on standard error.
    """
    _open_closed()
    there = sys.stdout is not None
    before = sys.stdout
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if sys.stdout is None:
        sys.stdout = _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):
                stream.reconfigure(errors="backslashreplace")
    if lenient:
        sys.stdout = _Lenient(sys.stdout)
    try:
        yield there
    finally:
        if there:
            sys.stdout = before


@contextmanager
def standard_output() -> Iterator[None]:
    """Turn what goes wrong with standard output, such as a reader that left, into a TunerError."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise TunerError(of_standard_output(error)) from None


def of_standard_output(error: OSError) -> str:
    """What to say of an error of standard output, which takes nothing more from now on."""
    drop_rest(sys.stdout)
    return f"standard output: {_why(error)}"


def drop_rest(stream: TextIO) -> None:
    """Send the rest nowhere: Python would try to write it at its end, and complain again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_of_standard_output() -> bool:
    """Whether nothing can be written there, as far as that is seen without writing anything."""
    try:
        sys.stdout.flush()
        place = sys.stdout.fileno()
    except io.UnsupportedOperation:  # it is no file
        return False
    except OSError:
        return True
    try:
        os.write(place, b"")
    except OSError:
        return True
    poll = select.poll()
    poll.register(place, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


class _Lenient(io.TextIOBase):
    """Standard output that is given up, with a line, where it cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream: rich draws by it."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What becomes of letters that it lacks."""
        return self._stream.errors

    def write(self, text: str) -> int:
        """As the stream's own."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """As the stream's own."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def isatty(self) -> bool:
        """As the stream's own."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """As the stream's own."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    def _give_up(self, error: OSError) -> None:
        drop_rest(self._stream)
        with suppress(OSError):
            sys.stderr.write(f"Standard output: {_why(error)}; the work goes on without it.\n")
            sys.stderr.flush()


def _why(error: OSError) -> str:
    closed = isinstance(error, BrokenPipeError)
    return "it was closed before all was written" if closed else error.strerror or str(error)


def _open_closed() -> None:
    """Give the numbers 0 to 2 to no file of ours: a library's words would be written into it."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
        pass
    os.close(number)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - to the end
