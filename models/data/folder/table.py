"""Read `images.csv`: path, label and, where there are such columns, split and mask."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from models.data.folder.picture import GOOD, OwnPart, Picture
from models.data.places import DataProblem
from models.names import unknown

TABLE = "images.csv"
_NEEDED, _OPTIONAL = ("path", "label"), ("split", "mask")
_SPLITS: dict[str, OwnPart] = {
    "": "",
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "test": "test",
}
_GOOD_LABELS = (GOOD, "normal", "ok")
_MOST_SHOWN = 10
_MORE = "more cells"


def read_table(folder: Path) -> tuple[Picture, ...]:
    """The pictures that the table names, in the order of their names.

    Raises:
        DataProblem: the table cannot be read, or rows are wrong; the first ten are named.
    """
    table = folder / TABLE
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey=_MORE, skipinitialspace=True)
            _check_columns(table, [name.strip().lower() for name in reader.fieldnames or ()])
            rows = [
                {str(key).strip().lower(): str(value or "").strip() for key, value in row.items()}
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataProblem(f"{table} cannot be read as a table in UTF-8: {error}") from None
    pictures: dict[str, Picture] = {}
    problems: list[str] = []
    for line, row in enumerate(rows, start=2):
        try:
            picture = _picture(folder, row)
            if picture.name in pictures:
                raise DataProblem(f"{picture.name} stands in an earlier row too")
            pictures[picture.name] = picture
        except DataProblem as problem:
            problems.append(f"  {table}:{line}: {problem}")
    if problems:
        more = len(problems) - _MOST_SHOWN
        tail = [f"  and {more:,} more"] if more > 0 else []
        raise DataProblem("\n".join([f"{TABLE} has mistakes:", *problems[:_MOST_SHOWN], *tail]))
    return tuple(pictures[name] for name in sorted(pictures))


def _check_columns(table: Path, columns: list[str]) -> None:
    known = [*_NEEDED, *_OPTIONAL]
    for column in _NEEDED:
        if column not in columns:
            raise DataProblem(
                f"{table} has no column {column!r}; its first line must name the columns "
                f"{', '.join(_NEEDED)} and may name {', '.join(_OPTIONAL)}"
            )
    for column in columns:
        if columns.count(column) > 1:
            raise DataProblem(f"{table} has the column {column!r} twice; keep one of them")
        if column not in known:
            raise DataProblem(f"{table}: {unknown('column', column, known)}")


def _picture(folder: Path, row: Mapping[str, str]) -> Picture:
    if _MORE in row:
        raise DataProblem("the row has more cells than the table has columns; quote its commas")
    label, split = row["label"], row.get("split", "").lower()
    if not label:
        raise DataProblem("label is empty; say good or the kind of defect")
    if split not in _SPLITS:
        raise DataProblem(unknown("split", split, [name for name in _SPLITS if name]))
    path = _inside(folder, row["path"])
    return Picture(
        path=path,
        name=path.relative_to(folder).as_posix(),
        kind=GOOD if label.lower() in _GOOD_LABELS else label,
        part=_SPLITS[split],
        mask=_inside(folder, row["mask"]) if row.get("mask") else None,
    )


def _inside(folder: Path, written: str) -> Path:
    """A path of the table: relative, within the folder, and of a file that is there."""
    path = Path(written)
    if not written or path.is_absolute() or ".." in path.parts:
        raise DataProblem(f"{written!r} is not allowed; give a path inside {folder}")
    if not (folder / path).is_file():
        raise DataProblem(f"there is no file {written!r} in {folder}")
    return folder / path
