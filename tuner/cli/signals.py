"""Ctrl-C, SIGTERM and SIGHUP: the first ends the work in good order, the second at once.

SIGHUP comes where a terminal closes. The system and the shell both send it, so it is never a second
one; where it is ignored, as under nohup, it stays so.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from tuner.cli.output import say

INTERRUPTED = 128 + signal.SIGINT  # the exit status of a process that Ctrl-C ended
TERMINATED = 128 + signal.SIGTERM
HUNG_UP = 128 + signal.SIGHUP
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_S = 0.1  # until it is seen again whether the work can end
_Handler = Callable[[int, FrameType | None], Any] | int | None
_IMPORTING = "<frozen importlib._bootstrap>"


@dataclass
class Caught:
    """The signal that has come, or None."""

    number: int | None = None


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[Caught]:
    """Call `stop` on the first signal; the system itself ends the process on a second.

    So a second one works whatever the process is stuck in. It loses nothing: the record on disk is
    whole after every event, and Ray's processes end with their driver. At a prompt and in a
    notebook a second Ctrl-C does what it did before.
    """
    caught, before = Caught(), signal.getsignal(signal.SIGINT)

    def handle(number: int, _frame: FrameType | None) -> None:
        caught.number = number
        stop()
        _let_the_next_one_end_it(before)
        with suppress(RuntimeError, OSError):  # the signal came in the middle of other output
            _show_cursor()  # nobody could do it after a second signal
            say("Stopping: the record is safe. Once more leaves at once.")

    with _handled(handle):
        yield caught


@contextmanager
def stoppable(line: str) -> Iterator[Caught]:
    """Let the first signal say `line` and raise what ends the work; a second ends it."""
    stopping = _Stopping(line)
    with _handled(stopping.handle), _unsaid(stopping):
        try:
            yield stopping.caught
        finally:
            stopping.over()


_unbroken: list[object] = []


@contextmanager
def unbroken() -> Iterator[None]:
    """Let what `stoppable` would raise here wait until this is done."""
    _unbroken.append(None)
    try:
        yield
    finally:
        _unbroken.pop()


class _Stopping:
    """Ends the work by an exception, which is raised where that does no harm, until it takes.

    Nothing is raised in the middle of an import: of what libraries do there, not all is fit to be
    left half done. What is raised in the middle of a finalizer or a callback of a fork is lost, and
    some code takes anything for a failure of its own. So it is looked again and again whether the
    exception is under way; what is cleared away on its way is left alone.
    """

    def __init__(self, line: str) -> None:
        self.caught = Caught()
        self.raised: BaseException | None = None
        self._line = line
        self._alarm = signal.getsignal(signal.SIGALRM)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What the first signal does."""
        self.caught.number = number
        _let_the_next_one_end_it(self.handle)
        with suppress(OSError):  # Python's own streams may be in the middle of a line
            os.write(2, f"{self._line}\n".encode())
        signal.signal(signal.SIGALRM, self._end)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S, _AGAIN_S)
        self._end(number, frame)

    def over(self) -> None:
        """No more of it: the exception has come through, or the work has ended by itself."""
        if self.caught.number is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._alarm)

    def _end(self, _number: int, frame: FrameType | None) -> None:
        if _unbroken or _is_importing(frame) or self._is_under_way():
            return
        number = self.caught.number or signal.SIGTERM
        of_a_person = number == signal.SIGINT
        self.raised = KeyboardInterrupt() if of_a_person else SystemExit(128 + number)
        raise self.raised

    def _is_under_way(self) -> bool:
        error = sys.exc_info()[1]
        while error is not None:
            if error is self.raised:
                return True
            error = error.__context__
        return False


@contextmanager
def _unsaid(stopping: _Stopping) -> Iterator[None]:
    """Leave it unsaid where the exception was raised in vain."""
    before = sys.unraisablehook

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_value is None or lost.exc_value is not stopping.raised:
            before(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def leave(code: int) -> NoReturn:
    """End the process of a command with its exit code.

    One that was stopped ends without Python's own end, in which half-begun libraries are cleared
    away and threads waited for: that has crashed. What it has started ends with it.
    """
    if code in (INTERRUPTED, TERMINATED, HUNG_UP):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # others take no signals
        yield
        return
    ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
    before = {number: signal.signal(number, handle) for number in _SIGNALS if number not in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _let_the_next_one_end_it(at_a_prompt: _Handler) -> None:
    """By the system; a session that a person types into holds more, and Ctrl-C is handled there."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(sys, "ps1"):  # Python's own prompt, IPython's, or a notebook's kernel
        signal.signal(signal.SIGINT, at_a_prompt)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


def _show_cursor() -> None:
    """A live screen hides it, and nothing else would bring it back."""
    if sys.stdout.isatty():
        sys.stdout.write("\x1b[?25h")
        sys.stdout.flush()
