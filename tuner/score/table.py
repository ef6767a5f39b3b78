"""The table of scores: CSV, a row a picture."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from tuner.cli.atomic_results import drafted
from tuner.cli.streams import standard_output
from tuner.score.stream import Scored

COLUMNS = ("path", "score", "scaled", "verdict", "reason")

AddRows = Callable[[Iterable[Scored]], None]


@contextmanager
def table(path: Path | None) -> Iterator[AddRows]:
    """Take rows for a file, which is there at the end, whole; or for standard output.

    Raises TunerError where they cannot be written.
    """
    if path is None:
        yield _writer(sys.stdout)
        return
    with (
        drafted(path) as draft,
        # Names that are no text keep their bytes, so that the path still finds its file.
        draft.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        yield _writer(file)


def _writer(file: TextIO) -> AddRows:
    rows = csv.writer(file, lineterminator="\n")
    on_screen = file is sys.stdout
    rows.writerow(COLUMNS)

    def add(several: Iterable[Scored]) -> None:
        # Here, or its error would be taken for one of the heat maps.
        with standard_output() if on_screen else nullcontext():
            rows.writerows(_cells(one, for_screen=on_screen) for one in several)

    return add


def _cells(one: Scored, *, for_screen: bool) -> tuple[str, ...]:
    """The score has all its digits, so that equal ones compare as equal."""
    path = str(one.picture.path)
    if for_screen:
        path = path.encode(errors="surrogateescape").decode(errors="replace")
    if one.score is None:
        return path, "", "", "", one.reason
    scaled = "" if one.scaled is None else f"{one.scaled:.6f}"
    return path, repr(one.score), scaled, one.verdict, ""
