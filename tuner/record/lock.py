"""One driver per run folder: a lock that a killed driver cannot leave behind."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from tuner.errors import TunerError
from tuner.record.own_files import check_links, open_own
from tuner.record.run_folder import RunFolder


@contextmanager
def sole_driver(run_folder: RunFolder) -> Iterator[None]:
    """Hold the folder's lock; raises TunerError, naming the holder, where another driver does.

    The operating system gives the lock back when the process ends, however it ends. A folder that
    holds no more than what a start leaves by then is removed, and the folder of all runs with it
    where that was made for it.
    """
    runs = run_folder.path.parent
    made = not runs.exists()
    check_links(run_folder)
    with _opened(run_folder) as file:
        if not _taken(file):
            raise TunerError(driven(run_folder, file.read()))
        file.truncate(0)
        with suppress(OSError):  # a full disk: the lock holds without the name too
            os.write(file.fileno(), f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        try:
            yield
        finally:
            _remove_leftovers(run_folder)
            if made:
                with suppress(OSError):  # it holds a run
                    runs.rmdir()


def driver_of(run_folder: RunFolder) -> str | None:
    """Name the driver at work there now, or return None.

    A shared lock tells it too: a file that is only read can have no other on a network's disk.
    """
    if not run_folder.lock.is_file():
        return None
    with suppress(OSError), run_folder.lock.open(errors="replace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip()
    return None


def starting(run_folder: RunFolder) -> str:
    """What to say of a folder without a record, where a driver is about to begin one; else ""."""
    if (driver := driver_of(run_folder)) is None:
        return ""
    return (
        f"{run_folder}: a search is starting there ({driver}), and nothing is recorded yet: wait "
        "until its first trial has begun."
    )


def driven(run_folder: RunFolder, driver: str) -> str:
    """What to say where another driver is at work."""
    return (
        f"{run_folder} is being searched by another driver ({driver.strip()}). "
        "Wait for it, stop it, or start another search with --run."
    )


def no_runs(runs: Path, error: OSError) -> str:
    """What to say where the folder of all runs cannot be used."""
    why = error.strerror or str(error)
    return f"--runs {runs}: the folder cannot be made: {why}; name another with --runs"


def _opened(run_folder: RunFolder) -> TextIO:
    try:
        run_folder.path.mkdir(parents=True, exist_ok=True)
        handle = open_own(run_folder.lock, os.O_RDWR | os.O_APPEND)
        return os.fdopen(handle, "a+", errors="replace")
    except OSError as error:
        raise TunerError(no_runs(run_folder.path.parent, error)) from error


def _taken(file: TextIO) -> bool:
    """Take the lock if it is free; stands at the file's beginning afterwards.

    One that has been removed since it was opened is another driver's that is just ending.
    """
    file.seek(0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file.fileno()).st_nlink > 0


def _remove_leftovers(run_folder: RunFolder) -> None:
    with suppress(OSError):  # it may be gone, or another start may put its own files there
        if run_folder.foreign_files():
            return
        for file in run_folder.of_a_start:
            file.unlink(missing_ok=True)
        run_folder.path.rmdir()
