"""What the images of one part of a data set are, without their pixels. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Role = Literal["fit", "validation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """N images of a data set's training or test part.

    `classes` [N] are indices into `class_names`, `normal_classes` those that count as normal.
    `roles` say of each image whether it is for fit or validation; None where the protocol is to
    divide them. Only images that are files have `paths`, `names` below their folder and `masks`
    (None where there is no mask). `content` is the digest of all files of the data set, those of
    the other part too; "" for published data, which never changes.
    """

    classes: NDArray[np.int64]
    class_names: tuple[str, ...]
    normal_classes: tuple[int, ...]
    roles: tuple[Role, ...] | None = None
    paths: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    masks: tuple[Path | None, ...] = ()
    content: str = ""

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
