"""SIGTERM kept for this process while a compiled library starts that takes it for itself."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STRUCT_BYTES = 512  # more than any system's `struct sigaction`
_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)  # it begins with the handler; none is the system's
_EVERY_S = 0.01


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Put the system's own entry for SIGTERM back as often as it is changed.

    Python's `signal` does that in the first thread alone, which such a library keeps busy.
    """
    sigaction = ctypes.CDLL(None).sigaction
    ours, over = ctypes.create_string_buffer(_STRUCT_BYTES), threading.Event()
    sigaction(signal.SIGTERM, None, ours)

    def put_back() -> None:
        now = ctypes.create_string_buffer(_STRUCT_BYTES)
        sigaction(signal.SIGTERM, None, now)
        if any(now[:_POINTER_BYTES]):  # else a first signal has left a second to the system
            sigaction(signal.SIGTERM, ours, None)

    def watch() -> None:
        while not over.wait(_EVERY_S):
            put_back()

    thread = threading.Thread(target=watch, name="tuner-sigterm", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        put_back()
