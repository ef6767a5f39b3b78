"""Find the picture files below a folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def picture_files(folder: Path) -> list[Path]:
    """All picture files below a folder, by name: upper and lower case, links followed.

    Hidden files and folders are left out, and what is no regular file. A folder that links lead to
    in several ways counts once.
    """
    return sorted(_walk(folder, set()))


def _walk(folder: Path, visited: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        own = folder.stat()
        entries = sorted(folder.iterdir())
    except OSError:
        return  # no folder, or none that may be read: it has no pictures for us
    if (own.st_dev, own.st_ino) in visited:
        return
    visited.add((own.st_dev, own.st_ino))
    for path in entries:
        if path.name.startswith("."):
            continue
        if is_folder(path):
            yield from _walk(path, visited)
        elif is_picture(path):
            yield path


def is_folder(path: Path) -> bool:
    """Whether it is a folder or leads to one; links that go in circles do not."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


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
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and is_folder(p))
