"""A FashionMNIST of 300 images whose checksums the project is made to expect."""

from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.data import fashion_mnist
from models.data.config import DataConfig
from models.data.places import Source

PER_CLASS_TRAINING = 30
PER_CLASS_TEST = 6


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_part(per_class: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    generator = np.random.default_rng(seed)
    classes = generator.permutation(np.repeat(np.arange(10, dtype=np.uint8), per_class))
    noise = generator.integers(0, 40, size=(len(classes), 28, 28))
    return (noise + 20 * classes[:, None, None]).astype(np.uint8), classes


def write_part(folder: Path, part: fashion_mnist.Part, per_class: int, seed: int) -> dict[str, str]:
    images, classes = small_part(per_class, seed)
    checksums = {}
    for field, array in (("images", images), ("labels", classes)):
        content = idx_bytes(array)
        (folder / getattr(part, field)).write_bytes(gzip.compress(content))
        checksums[f"{field}_sha256"] = hashlib.sha256(content).hexdigest()
    return checksums


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the four files; no system copy and no downloader are within reach."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name, per_class, seed in (("TRAINING", PER_CLASS_TRAINING, 1), ("TEST", PER_CLASS_TEST, 2)):
        part = getattr(fashion_mnist, name)
        checksums = write_part(folder, part, per_class, seed)
        monkeypatch.setattr(fashion_mnist, name, replace(part, **checksums))
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDER", tmp_path / "no-system-copy")
    monkeypatch.setattr(fashion_mnist, "DOWNLOADERS", ())
    return folder


@pytest.fixture
def small_source(small: Path) -> Source:
    return Source(folder=small, description="a small copy")


@pytest.fixture
def small_config(small: Path) -> DataConfig:
    return DataConfig(folder=str(small), anomalies_per_normal=0.5)
