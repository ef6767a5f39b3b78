"""Where a process stands, written down when it is asked to by a signal.

faulthandler answers in C, whatever Python or a library under it is stuck in; a process that is
stopped (SIGSTOP) cannot answer. What it writes stays in memory, where whoever asked reads it by
way of /proc; elsewhere than on Linux there is nothing to read.
"""

import faulthandler
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_SIGNAL = signal.SIGUSR2
_NAME = "tuner-stacks"
_ANSWER_S = 1.0


def answer_with_stacks() -> None:
    """Let this process write down the stacks of all its threads whenever it is asked."""
    if hasattr(os, "memfd_create") and _answer_of(os.getpid()) is None:
        faulthandler.register(_SIGNAL, file=os.memfd_create(_NAME), all_threads=True, chain=False)


def stacks_then_kill(pid: int) -> str:
    """Ask a process of this machine for its stacks, kill it, and return them; "" without answer.

    Raises ValueError for what is no single process: 0 and below would mean whole groups of them.
    """
    if pid <= 1:
        raise ValueError(f"a process has a number above 1; got {pid}")
    text = ""
    if (answer := _answer_of(pid)) is not None:  # else the signal alone would end it
        os.kill(pid, _SIGNAL)
        time.sleep(_ANSWER_S)
        with suppress(OSError):
            text = answer.read_text(errors="replace")
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return text


def _answer_of(pid: int) -> Path | None:
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if _NAME in str(link.readlink()):
                    return link
    return None
