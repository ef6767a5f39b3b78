"""Put a downloaded data set into the cache: whole or not at all, one process at a time."""

from __future__ import annotations

import fcntl
import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from models.data.places import DataNotFound

logger = logging.getLogger(__name__)

TEMPORARY_PREFIX = ".download-"
_QUIET_TRIES, _BETWEEN_TRIES_S = 20, 0.1
"""Before a wait for another process is spoken of."""


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """One way to download; `fetch` fills the empty folder it is given or raises `DataNotFound`."""

    description: str
    size: str
    fetch: Callable[[Path], None]


def download(
    downloader: Downloader, *, title: str, cache: Path, name: str, check: Callable[[Path], None]
) -> Path:
    """Download into `cache / name` and return that folder; call it under `exclusive(cache)`.

    `check` raises `DataNotFound` for a file that is wrong; then the cache stays as it was.

    Raises:
        DataNotFound: the download failed, or the cache cannot be written.
    """

    def fill(folder: Path) -> None:
        logger.info("Downloading %s (%s): %s", title, downloader.size, downloader.description)
        downloader.fetch(folder)
        check(folder)

    return put(cache, name, fill)


def put(cache: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Let `fill` fill a new folder and move it to `cache / name`, in place of what is there.

    Where `fill` raises, the cache stays as it was. Call it under `exclusive(cache)`.

    Raises:
        DataNotFound: the cache cannot be written.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(cache)
        with tempfile.TemporaryDirectory(dir=cache, prefix=TEMPORARY_PREFIX) as temporary:
            filled = Path(temporary, name)
            filled.mkdir()
            fill(filled)
            _move_into_place(filled, cache / name)
    except OSError as error:
        raise DataNotFound(
            f"the cache {cache} cannot be written ({error.strerror or error}); "
            "name another folder in the environment variable TUNER_CACHE"
        ) from None
    return cache / name


@contextmanager
def exclusive(cache: Path) -> Iterator[None]:
    """Let one process at a time download into a cache.

    flock ends with the process that holds it, so a killed download leaves no lock behind. Where
    the cache cannot be written or locked this does nothing: the download itself says what fails,
    and the rename at its end keeps two of them apart.
    """
    with ExitStack() as held:
        with suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
            file = held.enter_context((cache / ".lock").open("w"))
            _lock(file, cache)
        yield


def _lock(file: IO[str], cache: Path) -> None:
    for _ in range(_QUIET_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_BETWEEN_TRIES_S)
    logger.info("Another process is writing to the cache %s: waiting until it is done", cache)
    fcntl.flock(file, fcntl.LOCK_EX)


def run(command: Sequence[str], *, folder: Path, timeout_s: float) -> str:
    """Run a program in a folder, its output kept off the screen; return what it printed.

    Raises:
        DataNotFound: it cannot be started, takes too long or fails; the text has its last line.
    """
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise DataNotFound(f"{program} did not end within {timeout_s:g} seconds") from None
    except OSError as error:
        raise DataNotFound(f"{program} cannot be started ({error.strerror})") from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise DataNotFound(f"{program} failed: {lines[-1] if lines else 'it said nothing'}")
    return done.stdout


def _remove_leftovers(cache: Path) -> None:
    for leftover in cache.glob(f"{TEMPORARY_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _move_into_place(filled: Path, target: Path) -> None:
    # A folder cannot be renamed onto one that has files: the damaged one goes aside first.
    if target.exists():
        target.rename(filled.parent / "replaced")
    filled.rename(target)
