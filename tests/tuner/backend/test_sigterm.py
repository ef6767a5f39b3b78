"""SIGTERM stays ours while a compiled library starts."""

import ctypes
import signal
import time
from pathlib import Path

from tuner.backend.sigterm import sigterm_kept


def caught() -> int:
    """The signals that this process answers itself, one bit each."""
    status = Path("/proc/self/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in status if line.startswith("SigCgt")]
    return int(found, 16)


def test_a_compiled_library_would_keep_sigterm() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    ignore = ctypes.c_void_p(1)
    library = ctypes.CDLL(None)
    try:
        with sigterm_kept():
            library.signal(signal.SIGTERM, ignore)  # as a library does, past Python
            time.sleep(0.2)
            signal.raise_signal(signal.SIGTERM)
            assert came == [signal.SIGTERM]
            library.signal(signal.SIGTERM, ignore)
        signal.raise_signal(signal.SIGTERM)
        assert len(came) == 2
        with sigterm_kept():  # once a first signal has come, the system ends it at a second
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            time.sleep(0.05)
        assert not caught() & 1 << (signal.SIGTERM - 1)
    finally:
        signal.signal(signal.SIGTERM, before)
