"""Find the picture files below a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def picture_files(folder: Path) -> list[Path]:
    """All picture files below a folder, by name: upper and lower case, links followed.

    Hidden files and folders are left out, and what is no regular file. A link to a folder that
    contains it is followed once.
    """
    return sorted(_walk(folder, frozenset()))


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    try:
        own = folder.stat()
        entries = list(os.scandir(folder))
    except OSError:
        return  # no folder, or none that may be read: it has no pictures for us
    identity = (own.st_dev, own.st_ino)
    if identity in above:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {identity})
        elif is_picture(Path(entry.path)):
            yield Path(entry.path)


def is_picture(path: Path) -> bool:
    """Whether a file is named as a picture and is a regular file, or a link to one or to nothing.

    A broken link is kept, so that it is named among what cannot be read.
    """
    if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return path.is_symlink()


def subfolders(folder: Path) -> list[Path]:
    """The folders directly inside, by name, hidden ones left out."""
    found = (Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    return sorted(path for path in found if not path.name.startswith("."))
