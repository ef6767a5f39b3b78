"""What the images of one part of a data set are, without their pixels. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.data.places import DataProblem

Rows = NDArray[np.int64]
Role = Literal["fit", "validation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """N images of a data set's training or test part.

    `classes` [N] are indices into `class_names`, `normal_classes` those that count as normal.
    `roles` say of each image whether it is for fit or validation; None where the protocol is to
    divide them. Only images that are files have `paths`, `names` below their folder and `masks`
    (None where there is no mask). `content` is the digest of all files of the data set, those of
    the other part too; "" for published data, which never changes. `pictures` is that of the files
    and classes alone, whatever they are for.
    """

    classes: NDArray[np.int64]
    class_names: tuple[str, ...]
    normal_classes: tuple[int, ...]
    roles: tuple[Role, ...] | None = None
    paths: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    masks: tuple[Path | None, ...] = ()
    content: str = ""
    pictures: str = ""

    def __post_init__(self) -> None:
        """Raise DataProblem for labels that are no indices: 1 to 10, say, or words."""
        classes, count = np.asarray(self.classes), len(self.class_names)
        whole = classes.ndim == 1 and np.issubdtype(classes.dtype, np.integer)
        if not whole or (len(classes) and not 0 <= classes.min() <= classes.max() < count):
            raise DataProblem(
                f"labels must be whole numbers [images] from 0 to {count - 1}, which count "
                f"{', '.join(self.class_names[:12])}{', ...' if count > 12 else ''}; got "
                f"{array_text(classes)}"
            )

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """Whether each image is an anomaly [N]."""
        return ~np.isin(self.classes, self.normal_classes)


def content_of(files: Iterable[tuple[str, str, str]]) -> str:
    """The sha256 of files, each by its own sha256, its class, and what it is for."""
    return hashlib.sha256(json.dumps([list(file) for file in files]).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The training or the test part of a data set: its index, and how to read pixels.

    `read` takes rows of the index and returns uint8 `[rows, C, H, W]`. Pixels of published data
    come in their own size, those of a folder already preprocessed.
    """

    index: Index
    read: Callable[[Rows], NDArray[np.uint8]]

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """What `read` returns of these rows.

        Raises DataProblem for an array of another type or shape: values from 0 to 1 or of 16 bits
        would be rounded to bytes, and nobody would know.
        """
        read = self.read(rows)
        if read.dtype != np.uint8 or read.ndim != 4 or len(read) != len(rows):
            raise DataProblem(
                f"images must be uint8 [{len(rows)}, channels, height, width], values from 0 to "
                f"255; got {array_text(read)}; bring all of them to such bytes in the same way"
            )
        return read


def array_text(array: NDArray[Any]) -> str:
    """Type, shape and range of an array, as "float64 [5, 28, 28] from 0 to 1"."""
    text = f"{array.dtype} {list(array.shape)}"
    if array.size and np.issubdtype(array.dtype, np.number):
        text += f" from {array.min():g} to {array.max():g}"
    return text
