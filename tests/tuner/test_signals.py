"""The first signal asks, the second ends: looked at in a real process that gets stuck in C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tuner.cli.command_line import run_command
from tuner.cli.signals import stop_on_signals, stoppable, unbroken

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_a_terminal() -> Iterator[None]:
    """SIGHUP as a terminal has it: what runs the tests may ignore it, as nohup does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


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


COMMAND = """
import sys, time
from tuner.cli.command_line import run_command
from tuner.cli.signals import leave

def action():
    try:
        print("ready", flush=True)
        {body}
        time.sleep(60)
    finally:
        print("cleared away", flush=True)

leave(run_command(action, stopped="Stopped by you."))
"""
SLOW_IMPORT = """
import time
print("importing", flush=True)
try:
    time.sleep(1.5)
except BaseException:
    print("broken off", flush=True)
    raise
print("imported", flush=True)
"""


def stopped(number: int, body: str, ready: str, cwd: Path) -> tuple[int, list[str], str]:
    """Exit code, lines and errors of a command that gets a signal once it has said `ready`."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{cwd}"},
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != ready:
            lines.append(process.stdout.readline().strip())
            assert lines[-1], "it ended before"
        process.send_signal(number)
        out, errors = process.communicate(timeout=30)
    return process.returncode, out.split("\n")[:-1], errors


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "code"), [*SIGNALS, (signal.SIGHUP, 129)])
def test_a_stopped_command_would_end_without_a_word_or_its_exit_code(
    number: int, code: int, tmp_path: Path
) -> None:
    ended = stopped(number, "pass", "ready", tmp_path)
    assert ended == (code, ["cleared away"], "Stopped by you.\n")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_library_would_be_left_half_imported(number: int, code: int, tmp_path: Path) -> None:
    (tmp_path / "slow_library.py").write_text(SLOW_IMPORT)
    ended = stopped(number, "import slow_library", "importing", tmp_path)
    assert ended == (code, ["imported", "cleared away"], "Stopped by you.\n")


def test_a_thread_would_hold_up_the_end_of_what_was_stopped(tmp_path: Path) -> None:
    body = "import threading; threading.Thread(target=time.sleep, args=(60,)).start()"
    code, _, errors = stopped(signal.SIGINT, body, "ready", tmp_path)
    assert (code, errors) == (130, "Stopped by you.\n")


def test_signals_would_be_handled_by_a_command_that_has_ended() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    assert run_command(lambda: 0) == 0
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_terminal_that_closes_would_end_what_nohup_protects(tmp_path: Path) -> None:
    body = """import signal
        signal.raise_signal(signal.SIGHUP)
        print("goes on", flush=True)"""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ended = stopped(signal.SIGINT, body, "goes on", tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended == (130, ["cleared away"], "Stopped by you.\n")


def test_a_terminal_that_closes_would_count_as_two_signals() -> None:
    """The system and the shell both say it."""
    before, stops = signal.getsignal(signal.SIGHUP), list[bool]()
    with stop_on_signals(lambda: stops.append(True)) as caught:
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
    assert (stops, caught.number) == ([True], signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == before


def test_what_must_be_whole_would_be_broken_off() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), stoppable("Stopped."):
        with unbroken():
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.3)
            done.append(True)
        time.sleep(30)
        done.append(False)
    assert done == [True]


def test_a_command_would_not_run_outside_the_first_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run_command, lambda: 0).result() == 0
        with stop_on_signals(lambda: None):
            assert pool.submit(_searched_there).result() is None


def _searched_there() -> int | None:
    with stop_on_signals(lambda: None) as caught:
        return caught.number


IN_A_FINALIZER = """class Lost:
            def __del__(self):
                print("in a finalizer", flush=True)
                time.sleep(1)
        Lost()
        print("it is over", flush=True)"""
SWALLOWED = """try:
            print("trying", flush=True)
            time.sleep(30)
        except BaseException:
            print("tries something else", flush=True)"""
TRANSLATED = """try:
            print("trying", flush=True)
            time.sleep(30)
        except BaseException as error:
            raise RuntimeError("a call has failed") from error"""
SLOW_TO_CLEAR = """try:
            print("trying", flush=True)
            time.sleep(30)
        finally:
            try:
                time.sleep(0.3)
                raise KeyError
            except KeyError:
                time.sleep(0.3)
            time.sleep(0.3)
            print("all of it", flush=True)"""


@pytest.mark.parametrize(
    ("body", "ready", "rest"),
    [
        (IN_A_FINALIZER, "in a finalizer", None),
        (SWALLOWED, "trying", ["tries something else"]),
        (TRANSLATED, "trying", []),
        (SLOW_TO_CLEAR, "trying", ["all of it"]),
    ],
)
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_an_exception_that_is_lost_on_its_way_would_let_the_work_go_on(
    tmp_path: Path, number: int, code: int, body: str, ready: str, rest: list[str] | None
) -> None:
    ended, lines, errors = stopped(number, body, ready, tmp_path)
    assert (ended, errors) == (code, "Stopped by you.\n")
    if rest is not None:
        assert lines == [*rest, "cleared away"]
