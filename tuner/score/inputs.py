"""Which pictures a person named: files, and whole folders of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.data.folder.pictures import SUFFIXES, picture_files
from models.names import shown
from tuner.errors import TunerError


@dataclass(frozen=True, kw_only=True)
class Named:
    """A picture's path as the person would type it, and its name below the folder they named."""

    path: Path
    name: Path


def named_pictures(given: Sequence[Path]) -> list[Named]:
    """All pictures of these files and folders, in the order given and by name within; each once.

    Where several are given, a folder's own name is part of its pictures' names. Raises TunerError
    naming everything that does not exist or has no pictures.
    """
    problems = [problem for path in given if (problem := _problem(path))]
    if problems:
        raise TunerError("\n".join(problems))
    seen: set[str] = set()
    found: list[Named] = []
    for path in given:
        below = list(_below(path, alone=len(given) == 1))
        if not below:
            problems.append(f"{path} has no pictures ({' '.join(sorted(SUFFIXES))})")
        for picture in below:
            absolute = os.path.abspath(picture.path)  # noqa: PTH100 - links stay links
            if absolute not in seen:
                seen.add(absolute)
                found.append(picture)
    if problems:
        raise TunerError("\n".join(problems))
    return found


def _problem(path: Path) -> str:
    try:
        there = path.exists()
    except OSError as error:  # of a name that is too long, say
        return f"{shown(str(path))}: {error.strerror}"
    if not there:
        return f"there is no file or folder {path}"
    if not path.is_dir() and not path.is_file():
        return f"{path} is neither a file nor a folder"
    return ""


def _below(path: Path, *, alone: bool) -> Iterator[Named]:
    if not path.is_dir():
        yield Named(path=path, name=Path(path.name))
        return
    for file in picture_files(path):
        below = file.relative_to(path)
        yield Named(path=file, name=below if alone else path.absolute().name / below)
