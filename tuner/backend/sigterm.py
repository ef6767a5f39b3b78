"""SIGTERM kept for this process while a compiled library starts that takes it for itself."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_STRUCT_BYTES = 512  # more than any system's `struct sigaction`
_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)  # it begins with the handler; none is the system's
_STDERR = 2
_WHERE_EVERYBODY_STOOD = re.compile(rb"\*\*\* SIGTERM|PC: @|\s+@ |\[.* logging\.cc")


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Put the system's own entry for SIGTERM back once such a library has started.

    A signal that comes in between is answered by both.
    """
    sigaction = ctypes.CDLL(None).sigaction
    ours, now = (ctypes.create_string_buffer(_STRUCT_BYTES) for _ in range(2))
    sigaction(signal.SIGTERM, None, ours)
    try:
        yield
    finally:
        sigaction(signal.SIGTERM, None, now)
        if any(now[:_POINTER_BYTES]):  # else a first signal has left a second to the system
            sigaction(signal.SIGTERM, ours, None)


@contextmanager
def stacks_left_out() -> Iterator[None]:
    """Leave out what the library writes on SIGTERM, a stack of its own.

    All else that is written meanwhile stands on stderr afterwards. The library may answer in a
    thread of its own, and write on when it has started: this is to last longer than its start.
    """
    with tempfile.TemporaryFile() as written:
        stderr = os.dup(_STDERR)
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(stderr, _STDERR)
            os.close(stderr)
            _say_again(written)


def _say_again(written: IO[bytes]) -> None:
    written.seek(0)
    for line in written:
        if not _WHERE_EVERYBODY_STOOD.match(line):
            os.write(_STDERR, line)
