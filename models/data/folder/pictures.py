"""Find the picture files below a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


def picture_files(folder: Path) -> list[Path]:
    """All picture files below a folder, by name: upper and lower case, links followed.

    Hidden files and folders are left out, and what is no regular file. A folder that links lead to
    in several ways counts once.
    """
    return sorted(_walk(folder))


def has_pictures(folder: Path) -> bool:
    """Whether there is a picture file below a folder."""
    return any(True for _ in _walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    """Folders that may not be read have no pictures for us."""
    visited: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        try:
            own = Path(place).stat()
        except OSError:  # gone meanwhile
            continue
        if (own.st_dev, own.st_ino) in visited:
            folders.clear()
            continue
        visited.add((own.st_dev, own.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        named = (Path(place, name) for name in files if _has_picture_suffix(name))
        yield from filter(is_picture, named)


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
    if not _has_picture_suffix(path.name):
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return path.is_symlink()


def _has_picture_suffix(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def subfolders(folder: Path) -> list[Path]:
    """The folders directly inside, by name, hidden ones left out."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and is_folder(p))
