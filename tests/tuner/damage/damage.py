"""What can happen to a file of a run: every kind of damage, drawn from a seed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, random.Random], None]
"""Changes what is at a path."""


def missing(path: Path, draw: random.Random) -> None:
    """It is gone."""
    _remove(path)


def empty(path: Path, draw: random.Random) -> None:
    """It has lost its content, as on a disk that was full."""
    path.write_bytes(b"")


def truncated(path: Path, draw: random.Random) -> None:
    """Its end is gone."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(1, max(2, len(content)))])


def zeroed(path: Path, draw: random.Random) -> None:
    """It is as long as it was, and holds zeros, as after a power cut."""
    path.write_bytes(bytes(path.stat().st_size))


def garbage(path: Path, draw: random.Random) -> None:
    """It is as long as it was, and holds anything."""
    path.write_bytes(draw.randbytes(path.stat().st_size))


def flipped(path: Path, draw: random.Random) -> None:
    """One bit is another."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def digit_changed(path: Path, draw: random.Random) -> None:
    """One digit is another: what is no checksum's business to a reader of JSON or YAML."""
    content = bytearray(path.read_bytes())
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    if not digits:
        flipped(path, draw)
        return
    place = draw.choice(digits)
    content[place] = ord("0") + (content[place] - ord("0") + draw.randrange(1, 10)) % 10
    path.write_bytes(content)


def extended(path: Path, draw: random.Random) -> None:
    """Something stands behind its end."""
    path.write_bytes(path.read_bytes() + draw.randbytes(40) + b"\n")


def folder(path: Path, draw: random.Random) -> None:
    """A folder has its name."""
    _remove(path)
    path.mkdir()


def pipe(path: Path, draw: random.Random) -> None:
    """It is a pipe, which nobody writes to."""
    _remove(path)
    os.mkfifo(path)


def link_out(path: Path, draw: random.Random) -> None:
    """It is a link to the same content elsewhere."""
    runs = next(above for above in path.parents if above.name == "runs")
    elsewhere = runs.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    path.rename(elsewhere / path.name)
    path.symlink_to(elsewhere / path.name)


def link_to_nothing(path: Path, draw: random.Random) -> None:
    """It is a link to what is not there."""
    _remove(path)
    path.symlink_to("nothing")


def line_missing(path: Path, draw: random.Random) -> None:
    """A whole line is gone, not the last."""
    lines = _lines(path)
    del lines[draw.randrange(len(lines) - 1)]
    path.write_bytes(b"".join(lines))


def line_doubled(path: Path, draw: random.Random) -> None:
    """A whole line stands twice."""
    lines = _lines(path)
    place = draw.randrange(len(lines))
    path.write_bytes(b"".join([*lines[: place + 1], *lines[place:]]))


def lines_exchanged(path: Path, draw: random.Random) -> None:
    """Two lines stand in each other's place."""
    lines = _lines(path)
    one, other = draw.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    path.write_bytes(b"".join(lines))


def last_lines_missing(path: Path, draw: random.Random) -> None:
    """Whole lines at its end are gone."""
    lines = _lines(path)
    path.write_bytes(b"".join(lines[: draw.randrange(1, len(lines) - 1)]))


ANY: tuple[Damage, ...] = (
    missing,
    empty,
    truncated,
    zeroed,
    garbage,
    flipped,
    digit_changed,
    extended,
    folder,
    pipe,
    link_out,
    link_to_nothing,
)
"""What can happen to every file."""
OF_LINES: tuple[Damage, ...] = (line_missing, line_doubled, lines_exchanged, last_lines_missing)
"""What can happen to a file of lines too."""


def of_another(other: Path) -> Damage:
    """It is the file of another run, which has the same place there."""

    def of_another_run(path: Path, draw: random.Random) -> None:
        _remove(path)
        shutil.copy(other, path)

    return of_another_run


def _remove(path: Path) -> None:
    path.unlink() if path.is_file() or path.is_symlink() else shutil.rmtree(path)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)
