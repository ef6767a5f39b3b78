"""Results that take long to write: made under another name, and in place only when complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tuner.errors import TunerError

_LONGEST = 25


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise TunerError where a file named by --out cannot be put, or would replace one."""
    if not os.path.lexists(path):
        return
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no ordinary file"
        raise TunerError(f"--out: {path} is {what}: name a file")
    if not overwrite:
        raise TunerError(f"--out: {path} exists: name another file, or give --overwrite")


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Give the name to write a file under; it takes the place of `path` at the end.

    Nothing is left of it where the work ends early. An OSError inside becomes a TunerError.
    """
    draft = path.with_name(_draft_name(path))
    try:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield draft
            draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def drafted_folder(path: Path) -> Iterator[Path]:
    """Give a new folder to fill; at the end its files come into `path`, in place of any there.

    Nothing is left of it where the work ends early. An OSError inside becomes a TunerError.
    """
    place = Path(os.path.realpath(path))
    # The folder above one that is there may be another disk, or not ours to write in.
    draft = (place if place.is_dir() else place.parent) / _draft_name(place)
    try:
        with _writing(path):
            draft.mkdir(parents=True)
            yield draft
            _into(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _into(draft: Path, path: Path) -> None:
    if not path.exists():
        draft.rename(path)
        return
    for folder, _, names in os.walk(draft):
        below = path / Path(folder).relative_to(draft)
        below.mkdir(parents=True, exist_ok=True)
        for name in names:
            (Path(folder) / name).replace(below / name)


def _draft_name(path: Path) -> str:
    """Of bounded length, as file systems want names."""
    return f".{path.stem[:_LONGEST]}{path.suffix[:_LONGEST]}.{os.getpid()}"


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TunerError(f"{path}: cannot be written: {error.strerror or error}") from None
