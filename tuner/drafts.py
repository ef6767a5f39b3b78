"""Results that take long to write: made under another name, and in place only when complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tuner.errors import TunerError


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Give the name to write a file under; it takes the place of `path` at the end.

    Nothing is left of it where the work ends early. An OSError inside becomes a TunerError.
    """
    draft = _draft(path)
    try:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield draft
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def drafted_folder(path: Path) -> Iterator[Path]:
    """Give a new folder to fill; at the end its files come into `path`, in place of any there.

    Nothing is left of it where the work ends early. An OSError inside becomes a TunerError.
    """
    draft = _draft(path)
    try:
        with _writing(path):
            draft.mkdir(parents=True)
            yield draft
            _into(draft, path)
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


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TunerError(f"{path}: cannot be written: {error.strerror or error}") from None
