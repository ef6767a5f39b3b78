"""One driver per run, also where drivers on several machines share a storage.

A lease names its holder and is renewed all the time; it is read by the storage's own clock, so that
the machines' clocks do not matter. Object stores have no locks: two drivers that start in the same
second can both believe they hold it, until the next renewal shows it to one of them, which then
stops. So does one that slept past its lease and finds another's, or none: another was at work, and
may have ended.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tuner.errors import TunerError
from tuner.storage import Storage

KEY = "lease.json"
STALE_S = 90.0
RENEW_S = 10.0


class LeaseLost(TunerError):  # noqa: N818 - it says what happened
    """Another driver has taken the run over."""


class Lease:
    """This driver's claim on a run in a storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._mine: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "machine": _machine(),
        }
        self._taken = False

    def take(self) -> None:
        """Claim the run. Raises TunerError, naming the holder, where another driver is at work."""
        self.check_free()
        self._put()

    def check_free(self) -> None:
        """Raise TunerError, naming the holder, where another driver is at work."""
        holder = self._holder()
        if holder is not None and not _is_gone(holder):
            age_s = self._age_s()
            if age_s < STALE_S:
                raise TunerError(
                    f"{self._storage.uri} is being searched by another driver "
                    f"({_name(holder)}, seen {age_s:.0f} s ago). Wait for it, stop it, or start "
                    f"another search with --run. If that machine is gone, its claim ends "
                    f"{STALE_S - age_s:.0f} s from now."
                )

    def renew(self) -> None:
        """Keep the claim; raises LeaseLost where another driver has taken it."""
        self.check_held()
        self._put()

    def check_held(self) -> None:
        """Raise LeaseLost where another driver has taken the claim; writes nothing."""
        holder = self._holder()
        if holder is None and self._taken:
            raise LeaseLost("Another driver has taken this search over and has ended")
        if holder is not None and holder["id"] != self._mine["id"]:
            raise LeaseLost(f"Another driver has taken this search over: {_name(holder)}")

    def release(self) -> None:
        """Give the claim back, if it is still this driver's."""
        holder = self._holder()
        if holder is not None and holder["id"] == self._mine["id"]:
            self._storage.delete(KEY)

    def _put(self) -> None:
        self._storage.put(KEY, json.dumps(self._mine | {"time": time.time()}).encode())
        self._taken = True

    def _holder(self) -> dict[str, Any] | None:
        data = self._storage.get(KEY)
        if data is None:
            return None
        with suppress(ValueError):
            holder: dict[str, Any] = json.loads(data)
            return holder
        return None

    def _age_s(self) -> float:
        """Seconds since the last renewal, both times taken by the storage."""
        probe = f".now-{self._mine['id']}"
        self._storage.put(probe, b"")
        now, then = self._storage.modified(probe), self._storage.modified(KEY)
        self._storage.delete(probe)
        return max(0.0, (now or 0.0) - (then or 0.0))


@contextmanager
def leased(storage: Storage) -> Iterator[Lease]:
    """Hold the lease of a run, renewed by a thread of its own; TunerError where another has it.

    A storage that fails is tried again; that the lease is lost shows where the holder looks.
    """
    lease, ending = Lease(storage), threading.Event()

    def renew() -> None:
        while not ending.wait(RENEW_S):
            with suppress(TunerError, OSError):
                lease.renew()

    lease.take()
    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ending.set()
        thread.join()
        with suppress(TunerError, OSError):
            lease.release()


def _name(holder: dict[str, Any]) -> str:
    return f"process {holder['process']} on {holder['host']}"


def _is_gone(holder: dict[str, Any]) -> bool:
    """Whether the holder is known to have ended: a process of this machine that is no more."""
    if holder["machine"] != _machine():
        return False
    try:
        os.kill(holder["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return bool(holder["process"] == os.getpid())


def _machine() -> str:
    """This boot of this machine, and where in it process numbers have their meaning."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
