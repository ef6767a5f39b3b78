"""Faults for a running search: its processes, found by a mark in their environment, and signals."""

import os
import random
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MARK = "TUNER_CHAOS"
DRIVER, RAYLET, TRIAL = "driver", "raylet", "trial actor"
PACK, REGISTRY = "pack worker", "registry of packs"
KILLED, PAUSED, LEFT_STOPPED = "killed", "stopped for a while", "left stopped"
LONGEST_PAUSE_S = 6.0

# How often each fault comes, in shares. Starting a driver again takes as long as several faults.
_SHARES = {
    (TRIAL, KILLED): 45,
    (TRIAL, PAUSED): 14,
    (PACK, KILLED): 20,
    (PACK, PAUSED): 6,
    (DRIVER, KILLED): 9,
    (DRIVER, PAUSED): 5,
    (RAYLET, KILLED): 5,
    (RAYLET, PAUSED): 4,
    (TRIAL, LEFT_STOPPED): 4,
    (PACK, LEFT_STOPPED): 3,
    (REGISTRY, KILLED): 5,
}


@dataclass(frozen=True)
class Process:
    """A process of the search; `role` is one of those above, or empty."""

    pid: int
    role: str
    title: str


def processes(mark: str, driver: int | None = None) -> list[Process]:
    """All living processes that carry the mark, whoever their parent is by now."""
    return [
        Process(pid, _role(pid, title, driver), title)
        for pid in _marked(mark)
        if (title := _title(pid))
    ]


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    yield int(folder.name)


def _title(pid: int) -> str:
    """The command line; empty for a process that is gone or only waits to be reaped."""
    with suppress(OSError):
        state = re.search(r"^State:\s+(\w)", Path(f"/proc/{pid}/status").read_text(), re.M)
        if state and state[1] not in "ZX":
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return ""


def _role(pid: int, title: str, driver: int | None) -> str:
    if pid == driver:
        return DRIVER
    if title.split(" ", maxsplit=1)[0].endswith("/raylet"):
        return RAYLET
    if not title.startswith("ray::"):
        return ""
    if "Registry" in title:
        return REGISTRY
    return PACK if "Pack" in title else TRIAL if "Train" in title or "Trial" in title else ""


@dataclass
class Faults:
    """Draws faults from a seed, does them and counts them."""

    mark: str
    random: random.Random
    left_stopped: bool = True
    counts: Counter[str] = field(default_factory=Counter)

    def one(self, driver: int) -> tuple[str, str] | None:
        """Do one fault to a process that is there now; its role and kind, None if there is none."""
        alive = processes(self.mark, driver)
        by_role: dict[str, list[int]] = {}
        for process in sorted(alive, key=lambda process: process.pid):
            by_role.setdefault(process.role, []).append(process.pid)
        if TRIAL not in by_role and PACK not in by_role:
            return None  # it is still starting: nothing yet to disturb
        shares = {
            fault: share
            for fault, share in _SHARES.items()
            if fault[0] in by_role and (self.left_stopped or fault[1] != LEFT_STOPPED)
        }
        role, kind = self.random.choices(list(shares), weights=list(shares.values()))[0]
        pid = self.random.choice(by_role[role])
        pause_s = self.random.uniform(0.2, LONGEST_PAUSE_S)
        try:
            os.kill(pid, signal.SIGKILL if kind == KILLED else signal.SIGSTOP)
        except ProcessLookupError:
            return None
        if kind == PAUSED:
            threading.Timer(pause_s, _go_on, [pid]).start()
        self.counts[f"{role} {kind}"] += 1
        return role, kind


def _go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
