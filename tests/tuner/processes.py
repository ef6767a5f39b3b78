"""The processes that a command has started, found by its session."""

import os
import signal
import time
from pathlib import Path


def of_session(leader: int) -> list[str]:
    """The commands of the processes of a session that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append((stat.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:  # ended since
            continue
    return found


def wait_until_gone(leader: int, *, agents: bool = True, timeout_s: float = 30.0) -> None:
    """Without `agents`, Ray's own may last: they end a minute after a driver that was killed."""
    deadline = time.monotonic() + timeout_s
    while left := [one for one in of_session(leader) if agents or "Agent" not in one]:
        assert time.monotonic() < deadline, f"processes were left behind: {left}"
        time.sleep(0.1)


def wait_until_stoppable(pid: int, timeout_s: float = 30.0) -> None:
    """Until the process answers SIGTERM itself: before, Python has not read a line of ours."""
    deadline, bit = time.monotonic() + timeout_s, 1 << (signal.SIGTERM - 1)
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text()
        (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
        if int(caught, 16) & bit:
            return
        os.sched_yield()
        time.sleep(0.005)
    raise AssertionError("it never came to answer a signal")
