"""The files of a run lie in its folder: nothing is written elsewhere through a link in it.

A folder may come from anybody. Its links are refused where they lead out of it; the folder itself
may be one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage.checkpoints import log_key


def check_links(run_folder: RunFolder) -> None:
    """Raise TunerError for what would be written outside the folder; it may be missing."""
    folder, in_place = run_folder.path, _written_in_place(run_folder)
    root = os.path.realpath(folder)
    for entry in _below(root, apart=run_folder.wandb.name):
        here = folder / os.path.relpath(entry.path, root)
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if os.path.commonpath([root, target]) != root:
                raise TunerError(_leads_out(here, target))
        elif entry.name in in_place:
            _check_alone(here, entry.stat(follow_symlinks=False))


def _written_in_place(run_folder: RunFolder) -> set[str]:
    """The names of what is written to as it lies there; all else is written beside and renamed."""
    study = {f"{run_folder.study.name}{log}" for log in ("", "-wal", "-shm")}
    return {run_folder.lock.name, run_folder.journal.name, Path(log_key(0)).name} | study


def open_own(path: Path, flags: int) -> int:
    """Open a file of a run to write it where it lies, made where it is missing; returns its handle.

    Raises TunerError where it is a link, a pipe or anything else that is no file, or has another
    name too, and OSError as `os.open` does.
    """
    safe = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags | safe, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise TunerError(_leads_out(path, os.path.realpath(path))) from None
        if error.errno in (errno.EISDIR, errno.ENXIO):
            raise TunerError(_no_file(path)) from None
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise TunerError(_no_file(path))
        _check_alone(path, found)
    except BaseException:
        os.close(handle)
        raise
    return handle


def is_own_file(path: Path) -> bool:
    """Whether a file of a run is there. Raises TunerError where it is something else."""
    if not os.path.lexists(path):
        return False
    if not path.is_file():
        raise TunerError(_no_file(path))
    return True


def read_own(path: Path) -> bytes | None:
    """What is in a file of a run, None where there is none; waits for no pipe.

    Raises TunerError where it is no file or cannot be read.
    """
    if not is_own_file(path):
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise TunerError(f"{path} cannot be read: {error.strerror}") from None


def read_own_text(path: Path) -> str | None:
    """The same of a text. Raises TunerError where it is none in UTF-8."""
    data = read_own(path)
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TunerError(
            f"{path} is damaged at line {line}: byte {error.start} is no UTF-8 text"
        ) from None


def _below(folder: str, apart: str = "") -> Iterator[os.DirEntry[str]]:
    """All that is in a folder and those below it; what cannot be looked into cannot be written.

    Within the folder `apart`, W&B makes links of its own, and writes to new folders alone.
    """
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        yield entry
        if entry.is_dir(follow_symlinks=False) and entry.name != apart:
            yield from _below(entry.path)


def _check_alone(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        raise TunerError(
            f"{path} has another name too (a hard link), and what is written to it would change "
            "that file: copy the run's folder, and work in the copy"
        )


def _leads_out(path: Path, target: str) -> str:
    return (
        f"{path} is a link to {target}, and what is written there would not stay in the run's "
        "folder: put the file itself in its place, or remove the link"
    )


def _no_file(path: Path) -> str:
    what = "a folder" if path.is_dir() else "no ordinary file"
    return f"{path} is {what}, where a file of the run belongs: bring that back, or remove it"
