"""SIGTERM kept for this process while a compiled library starts that takes it for itself."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STRUCT_BYTES = 512  # more than any system's `struct sigaction`
_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)  # the handler, first in it; 0 is the system's own
_LOOKED_AT_EACH_S = 0.0005


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Put the system's own entry for SIGTERM back as soon as such a library has taken it.

    A thread does so, for the library's start may last. Where a first signal has meanwhile left a
    second one to the system, it stays so.
    """
    sigaction = ctypes.CDLL(None).sigaction
    ours, now = (ctypes.create_string_buffer(_STRUCT_BYTES) for _ in range(2))
    sigaction(signal.SIGTERM, None, ours)

    def put_back() -> None:
        sigaction(signal.SIGTERM, None, now)
        handler = now[:_POINTER_BYTES]
        if any(handler) and handler != ours[:_POINTER_BYTES]:
            sigaction(signal.SIGTERM, ours, None)

    started = threading.Event()

    def watch() -> None:
        while not started.wait(_LOOKED_AT_EACH_S):
            put_back()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        started.set()
        watcher.join()
        put_back()
