"""The first signal asks, the second ends: looked at in a real process that gets stuck in C."""

import signal
import subprocess
import sys

import pytest

from tuner.cli.signals import stop_on_signals

STUCK = """
import sys
from tuner.cli.signals import stop_on_signals


def stop():
    print("stopped", flush=True)

with stop_on_signals(stop):
    print("ready", flush=True)
    sys.stdin.readline()
    import ctypes
    print("stuck", flush=True)
    ctypes.PyDLL(None).sleep(1000)  # holds the interpreter: no Python code runs any more
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_would_wait_for_a_clean_up_that_is_stuck(second: int) -> None:
    command = [sys.executable, "-c", STUCK]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
        assert process.stdout.readline().startswith("Stopping")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stuck\n"
        process.send_signal(second)
        assert process.wait(timeout=60) == -second


def test_a_signal_in_the_middle_of_output_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_text: str) -> None:
        raise RuntimeError("reentrant call inside <_io.BufferedWriter>")

    monkeypatch.setattr("tuner.cli.signals.say", interrupted)
    stopped = []
    with stop_on_signals(lambda: stopped.append(True)):
        signal.raise_signal(signal.SIGINT)
    assert stopped == [True]
