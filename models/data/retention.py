"""Files of the cache that nobody has used for long go, so that it does not grow without end."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

UNUSED_DAYS = 30


def used(*files: Path) -> None:
    """Note that files are in use: a process that maps one keeps it, even when it is removed."""
    for file in files:
        with suppress(OSError):  # a cache that is read-only is used all the same
            found = file.stat()
            os.utime(file, ns=(time.time_ns(), found.st_mtime_ns))  # never makes a file


def remove_unused(folder: Path, now: float | None = None) -> None:
    """Remove what was not used for a month."""
    oldest = (time.time() if now is None else now) - UNUSED_DAYS * 24 * 3600
    with suppress(OSError):
        for file in folder.iterdir():
            if file.is_file() and file.stat().st_atime < oldest:
                file.unlink()
