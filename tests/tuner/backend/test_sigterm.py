"""SIGTERM stays ours while a compiled library starts."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tuner.backend.sigterm import sigterm_kept, stacks_left_out

SIGNAL_WHILE_RAY_STARTS = """
import ctypes, os, signal, sys, threading
from pathlib import Path

from tuner.cli.command_line import run_command
from tuner.cli.signals import leave

def send_once_taken():
    entry = lambda: (now := ctypes.create_string_buffer(512), sigaction(15, None, now))[0][:8]
    sigaction, before = ctypes.CDLL(None).sigaction, None
    while (now := entry()) == (before := before or now):
        pass
    os.kill(os.getpid(), signal.SIGTERM)

def action():
    from tuner.backend.ray_internals import start_for_this_machine_alone

    threading.Thread(target=send_once_taken, daemon=True).start()
    start_for_this_machine_alone(1, Path(sys.argv[1]))

leave(run_command(action))
"""


def caught() -> int:
    """The signals that this process answers itself, one bit each."""
    status = Path("/proc/self/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in status if line.startswith("SigCgt")]
    return int(found, 16)


def test_a_compiled_library_would_keep_sigterm() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    library = ctypes.CDLL(None)
    try:
        with sigterm_kept():
            library.signal(signal.SIGTERM, ctypes.c_void_p(1))  # as a library does, past Python
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
        with sigterm_kept():  # once a first signal has come, the system ends it at a second
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        assert not caught() & 1 << (signal.SIGTERM - 1)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_a_library_writes_while_it_starts_would_be_lost(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with stacks_left_out():
        os.write(2, b"no memory left\n*** SIGTERM received at time=1 ***\n    @ 0x7f __recv\n")
    assert capfd.readouterr().err == "no memory left\n"


def test_sigterm_while_ray_starts_would_be_answered_by_a_stack_of_rays_own() -> None:
    with TemporaryDirectory() as short:  # its sockets' names may be no longer
        typed = [sys.executable, "-c", SIGNAL_WHILE_RAY_STARTS, short]
        stopped = subprocess.run(typed, capture_output=True, text=True, timeout=120, check=False)
    assert stopped.stderr == "Stopped before its end.\n"
    assert stopped.returncode == 128 + signal.SIGTERM
