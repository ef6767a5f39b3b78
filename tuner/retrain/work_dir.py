"""The folder for what is not finished yet, and the lock that keeps two retrains of a run apart."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tuner.errors import TunerError
from tuner.record.own_files import check_links
from tuner.record.run_folder import RunFolder
from tuner.storage.files import remove, replace_folder


@contextmanager
def work_folder(run_folder: RunFolder) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards; TunerError where another retrain has one."""
    work = run_folder.retrain_work
    check_links(run_folder)
    with _locked(run_folder):
        remove(work)
        work.mkdir()
        try:
            yield work
        finally:
            remove(work)


def install(place: Path, made: Path) -> None:
    """Put the files of a finished folder into the place of `place`, all of them or none."""

    def move(new: Path) -> None:
        for file in made.iterdir():
            file.replace(new / file.name)

    replace_folder(place, move)


def made_in(folder: Path, write: Callable[[Path], object]) -> Path:
    """Make a folder and let `write` fill it."""
    folder.mkdir()
    write(folder)
    return folder


@contextmanager
def _locked(run_folder: RunFolder) -> Iterator[None]:
    """Hold the folder itself locked; a file system without locks does without."""
    handle = os.open(run_folder.path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise TunerError(
            f"{run_folder} is being retrained by another process; wait until that ends"
        ) from None
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(handle)
