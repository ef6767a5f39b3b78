"""What the images of one part of a data set are, without their pixels. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
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
    divide them. Only images that are files have `paths`, `names` below their folder,
    `masks` (None where there is no mask) and `digests` (sha256 of the file).
    """

    classes: NDArray[np.int64]
    class_names: tuple[str, ...]
    normal_classes: tuple[int, ...]
    roles: tuple[Role, ...] | None = None
    paths: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    masks: tuple[Path | None, ...] = ()
    digests: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """Whether each image is an anomaly [N]."""
        return ~np.isin(self.classes, self.normal_classes)

    @property
    def content(self) -> str:
        """The sha256 of all files in their order, with class and role of each.

        "" for published data, which never changes.
        """
        if not self.digests:
            return ""
        roles = self.roles or ("",) * len(self)
        said = [
            [digest, self.class_names[class_index], role]
            for digest, class_index, role in zip(self.digests, self.classes, roles, strict=True)
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The training or the test part of a data set: its index, and how to read pixels.

    `read` takes rows of the index and returns uint8 `[rows, C, H, W]`. Pixels of published data
    come in their own size, those of a folder already preprocessed.
    """

    index: Index
    read: Callable[[Rows], NDArray[np.uint8]]
