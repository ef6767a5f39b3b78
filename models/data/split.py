"""A split of the official training part, made once, stored with its digest."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.data.places import SplitDamaged

ROW_FIELDS = ("fit_normals", "fit_anomalies", "validation_normals", "validation_anomalies")
_NO_SPLIT = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,  # an archive that seems encrypted, or of a kind that is not known
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy raises for a file that is something else, or was damaged, by where it was."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Row indices into the official training part, each list ascending; two are equal by digest.

    The test part is not in here: whoever holds a split cannot reach a test image through it.
    """

    fit_normals: NDArray[np.int64]
    fit_anomalies: NDArray[np.int64]
    validation_normals: NDArray[np.int64]
    validation_anomalies: NDArray[np.int64]
    normal_classes: tuple[int, ...]
    class_names: tuple[str, ...]
    content: str = ""
    """The digest of the files that the rows are of; "" for published data, which never changes."""
    labels: str = ""
    """The digest of the rows' classes, which workers know the images by; no part of `digest`, and
    "" in what earlier versions wrote."""

    @property
    def row_lists(self) -> tuple[NDArray[np.int64], ...]:
        """All lists of rows."""
        return tuple(getattr(self, field) for field in ROW_FIELDS)

    @property
    def digest(self) -> str:
        """The sha256 of everything in the split, as 64 hexadecimal digits."""
        named = (self.normal_classes, self.class_names, *([self.content] if self.content else []))
        parts = hashlib.sha256(repr(named).encode())
        for field in ROW_FIELDS:
            rows = getattr(self, field)
            parts.update(f"{field} {len(rows)} ".encode() + rows.astype("<i8").tobytes())
        return parts.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Split) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def labels_in(self, classes: NDArray[np.int64]) -> str:
        """The sha256 of the classes of all its rows, where `classes` are those of the data."""
        of_rows = np.concatenate([classes[rows] for rows in self.row_lists])
        return hashlib.sha256(of_rows.astype("<i8").tobytes()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the split to a .npz file, whole or not at all."""
        save_splits(path, (self,))

    @classmethod
    def load(cls, path: Path | BinaryIO) -> Split:
        """Read a split that `save` wrote, from its file or from its bytes.

        Raises:
            FileNotFoundError: there is no such file.
            SplitDamaged: the file is not a split, was changed since, or holds several.
        """
        splits = load_splits(path)
        if len(splits) > 1:
            raise SplitDamaged(f"{_name(path)} holds {len(splits)} splits, and one was looked for")
        return splits[0]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file holds of it."""
        rows: dict[str, NDArray[Any]] = {field: getattr(self, field) for field in ROW_FIELDS}
        return rows | {
            "normal_classes": np.array(self.normal_classes, dtype=np.int64),
            "class_names": np.array(self.class_names),
            "content": np.array(self.content),
            "labels": np.array(self.labels),
            "digest": np.array(self.digest),
        }


def save_splits(path: Path, splits: Sequence[Split]) -> None:
    """Write one or several splits to a .npz file, whole or not at all."""
    arrays = splits[0].arrays() if len(splits) == 1 else {}
    if len(splits) > 1:
        for number, split in enumerate(splits):
            arrays |= {f"{number}.{key}": array for key, array in split.arrays().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".split-") as temporary:
        unfinished = Path(temporary, path.name)
        with unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        unfinished.replace(path)


def load_splits(path: Path | BinaryIO) -> tuple[Split, ...]:
    """Read what `save_splits` wrote, from its file or from its bytes.

    Raises:
        FileNotFoundError: there is no such file.
        SplitDamaged: the file holds no splits, or was changed since.
    """
    if isinstance(path, Path) and path.exists() and not path.is_file():  # no pipe is waited for
        raise SplitDamaged(f"{path} is no ordinary file; remove it, and it is made anew")
    try:
        with np.load(path, allow_pickle=False) as stored:
            several = [f"{n}." for n in range(len(stored)) if f"{n}.digest" in stored]
            read = [_read(stored, prefix) for prefix in several or [""]]
    except _NO_SPLIT as error:
        raise SplitDamaged(
            f"{_name(path)} is not a stored split ({error}); delete it, and it is made anew"
        ) from None
    if any(split.digest != digest for split, digest in read):
        raise SplitDamaged(
            f"{_name(path)} was changed after it was written; delete it, and it is made anew"
        )
    return tuple(split for split, _ in read)


def splits_digest(splits: Sequence[Split]) -> str:
    """The digest of one split, or the sha256 of those of several in their order."""
    if len(splits) == 1:
        return splits[0].digest
    return hashlib.sha256("".join(split.digest for split in splits).encode()).hexdigest()


def images_digest(splits: Sequence[Split]) -> str:
    """The sha256 of the files that they are of, whatever rows of them they name.

    "" where one is of published data, which never changes.
    """
    contents = [split.content for split in splits]
    return hashlib.sha256(repr(contents).encode()).hexdigest() if all(contents) else ""


def _read(stored: Mapping[str, NDArray[Any]], prefix: str) -> tuple[Split, str]:
    """The split whose arrays have this prefix, and the digest that it was written with."""

    def text(name: str) -> str:
        """Which earlier versions may not have written."""
        return str(stored[prefix + name]) if prefix + name in stored else ""

    split = Split(
        normal_classes=tuple(int(index) for index in stored[f"{prefix}normal_classes"]),
        class_names=tuple(str(name) for name in stored[f"{prefix}class_names"]),
        content=text("content"),
        labels=text("labels"),
        **{field: stored[prefix + field].astype(np.int64) for field in ROW_FIELDS},
    )
    return split, str(stored[f"{prefix}digest"])


def _name(path: Path | BinaryIO) -> str:
    return str(path) if isinstance(path, Path) else "what was given as a split"
