"""CIFAR-10's own files: pickles of Python 2, read without letting them run anything."""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.data.places import DataDamaged, DataNotFound
from models.data.published import Pixels

SIDE = 32
CLASSES = 10

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
"""All that a pickled array of numbers asks for, by the names that numpy had in 2009."""


@dataclass(frozen=True, kw_only=True)
class BatchPart:
    """The batches of the training or test part, each with the md5 sum of its file."""

    md5: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files, in the order of the images."""
        return tuple(self.md5)

    def read(self, folder: Path) -> Pixels:
        """Read all batches in their order: images `[N, 3, 32, 32]`.

        Raises:
            DataNotFound: a file cannot be read.
            DataDamaged: one is not the published file.
        """
        batches = [_read_checked(folder / name, md5) for name, md5 in self.md5.items()]
        return Pixels(
            images=np.concatenate([batch.images for batch in batches]),
            classes=np.concatenate([batch.classes for batch in batches]),
        )


def parse(content: bytes) -> Pixels:
    """Parse the bytes of one batch.

    Raises:
        ValueError: they are not a batch, or ask for anything but arrays of numbers.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="latin1").load()
        images, classes = np.asarray(batch["data"]), np.asarray(batch["labels"])
    except Exception as error:  # bytes that are no pickle make the unpickler raise nearly anything
        raise ValueError(f"not a batch of CIFAR-10 ({error})") from None
    if images.dtype != np.uint8 or images.shape != (len(classes), 3 * SIDE**2):
        raise ValueError(f"a batch of {images.dtype} {images.shape} for {len(classes)} labels")
    if classes.dtype.kind != "i" or not ((classes >= 0) & (classes < CLASSES)).all():
        raise ValueError(f"a batch whose labels are not all whole numbers from 0 to {CLASSES - 1}")
    return Pixels(images=images.reshape(-1, 3, SIDE, SIDE), classes=classes.astype(np.int64))


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]


def _read_checked(path: Path, md5: str) -> Pixels:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataNotFound(f"{path} does not exist") from None
    except OSError as error:
        raise DataNotFound(f"{path} cannot be read ({error.strerror or error})") from None
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataDamaged(f"{path} is not the published file: it has md5 {found}, expected {md5}")
    try:
        return parse(content)
    except ValueError as error:  # md5 keeps out accidents, not whoever makes a file on purpose
        raise DataDamaged(f"{path} is {error}") from None
