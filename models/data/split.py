"""A split of the official training part, made once, stored with its digest."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
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

    def save(self, path: Path) -> None:
        """Write the split to a .npz file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".split-") as temporary:
            unfinished = Path(temporary, path.name)
            with unfinished.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **self._arrays())
            unfinished.replace(path)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        rows: dict[str, NDArray[Any]] = {field: getattr(self, field) for field in ROW_FIELDS}
        return rows | {
            "normal_classes": np.array(self.normal_classes, dtype=np.int64),
            "class_names": np.array(self.class_names),
            "content": np.array(self.content),
            "digest": np.array(self.digest),
        }

    @classmethod
    def load(cls, path: Path | BinaryIO) -> Split:
        """Read a split that `save` wrote, from its file or from its bytes.

        Raises:
            FileNotFoundError: there is no such file.
            SplitDamaged: the file is not a split, or was changed since.
        """
        name = str(path) if isinstance(path, Path) else "what was given as a split"
        try:
            with np.load(path, allow_pickle=False) as stored:
                split = cls(
                    normal_classes=tuple(int(index) for index in stored["normal_classes"]),
                    class_names=tuple(str(name) for name in stored["class_names"]),
                    content=str(stored["content"]) if "content" in stored else "",
                    **{field: stored[field].astype(np.int64) for field in ROW_FIELDS},
                )
                digest = str(stored["digest"])
        except _NO_SPLIT as error:
            raise SplitDamaged(
                f"{name} is not a stored split ({error}); delete it, and it is made anew"
            ) from None
        if split.digest != digest:
            raise SplitDamaged(
                f"{name} was changed after it was written; delete it, and it is made anew"
            )
        return split
