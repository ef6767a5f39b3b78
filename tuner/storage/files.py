"""Files and folders that are there whole or not at all."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER_THERE = "a folder is there, where a file is to be written; move it away, or remove it"


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make the file under another name, then put it in the place of `path`.

    An OSError names `path`.
    """
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, _FOLDER_THERE, str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _said_of(path, temporary):
            write(temporary)
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def replace_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new folder, then put it in the place of `path`.

    A kill between the two renames leaves the old folder beside it, as `.<name>.old`. An OSError
    names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    remove(temporary)
    try:
        with _said_of(path, temporary):
            temporary.mkdir()
            write(temporary)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    old = _old(path)
    if os.path.lexists(path):
        remove(old)
        path.rename(old)
    temporary.rename(path)
    remove(old)


@contextmanager
def _said_of(path: Path, temporary: Path) -> Iterator[None]:
    """Name the file that was to be written, not the one under another name, which nobody knows."""
    try:
        yield
    except OSError as error:
        named = os.fsdecode(error.filename or temporary)
        if error.errno is None or not named.startswith(str(temporary)):
            raise
        told = named.replace(str(temporary), str(path), 1)
        raise OSError(error.errno, error.strerror, told) from error


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, as far as the disk lets it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def as_typed(path: Path) -> Path:
    """The path as a person here would type it: relative where it lies below the working folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
