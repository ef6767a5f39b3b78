"""SIGTERM stays ours while a compiled library starts."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tuner.backend.sigterm import sigterm_kept

SIGNAL_WHILE_RAY_STARTS = """
import ctypes, os, signal, sys, threading, time
from contextlib import suppress
from pathlib import Path

from tuner.cli.command_line import run_command
from tuner.cli.signals import leave

def handler():
    now = ctypes.create_string_buffer(512)
    ctypes.CDLL(None).sigaction(signal.SIGTERM, None, now)
    return now[:8]

def threads():
    found = set()
    for name in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):  # it has ended
            found.add(name.read_text().strip())
    return found

def send_once_given_back(ours):
    while "worker.io" not in threads():  # Ray takes the signal before it starts this thread
        time.sleep(0.001)
    until = time.monotonic() + 5
    while handler() != ours and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGTERM)

def action():
    from tuner.backend.ray_internals import start_for_this_machine_alone

    threading.Thread(target=send_once_given_back, args=(handler(),), daemon=True).start()
    start_for_this_machine_alone(1, Path(sys.argv[1]))
    time.sleep(60)

leave(run_command(action))
"""


def caught() -> int:
    """The signals that this process answers itself, one bit each."""
    status = Path("/proc/self/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in status if line.startswith("SigCgt")]
    return int(found, 16)


@pytest.fixture
def came() -> Iterator[list[int]]:
    """The signals that have come to a handler of ours."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


def test_a_compiled_library_would_keep_sigterm(came: list[int]) -> None:
    with sigterm_kept():
        ctypes.CDLL(None).signal(signal.SIGTERM, ctypes.c_void_p(1))  # as one does, past Python
    signal.raise_signal(signal.SIGTERM)
    assert came == [signal.SIGTERM]
    with sigterm_kept():  # once a first signal has come, the system ends it at a second
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert not caught() & 1 << (signal.SIGTERM - 1)


def test_a_compiled_library_would_keep_sigterm_until_it_has_started(came: list[int]) -> None:
    with sigterm_kept():
        ctypes.CDLL(None).signal(signal.SIGTERM, ctypes.c_void_p(1))  # 1 is to ignore it
        until = time.monotonic() + 10
        while not came and time.monotonic() < until:
            signal.raise_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert came


def test_sigterm_while_ray_starts_would_be_answered_by_a_stack_of_rays_own() -> None:
    with TemporaryDirectory() as short:  # its sockets' names may be no longer
        typed = [sys.executable, "-c", SIGNAL_WHILE_RAY_STARTS, short]
        stopped = subprocess.run(typed, capture_output=True, text=True, timeout=120, check=False)
    assert stopped.stderr == "Stopped before its end.\n"
    assert stopped.returncode == 128 + signal.SIGTERM
