"""One driver per run folder: a lock that a killed driver cannot leave behind."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tuner.errors import TunerError
from tuner.run_folder import RunFolder


@contextmanager
def sole_driver(run_folder: RunFolder) -> Iterator[None]:
    """Hold the folder's lock; raises TunerError, naming the holder, where another driver does.

    The operating system gives the lock back when the process ends, however it ends.
    """
    run_folder.path.mkdir(parents=True, exist_ok=True)
    with run_folder.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise TunerError(
                f"{run_folder} is being searched by another driver ({file.read().strip()}). "
                f"Wait for it, stop it, or start another search with --name."
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield
