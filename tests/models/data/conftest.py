"""A FashionMNIST of 300 images whose checksums the project is made to expect."""

from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from models.data import fashion_mnist, published
from models.data.config import DataConfig
from models.data.idx import IdxPart
from models.data.places import Source
from models.data.published import DATA_VARIABLE, Published
from models.data.registry import DATASETS

PER_CLASS_TRAINING = 30
PER_CLASS_TEST = 6


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_part(per_class: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    generator = np.random.default_rng(seed)
    classes = generator.permutation(np.repeat(np.arange(10, dtype=np.uint8), per_class))
    noise = generator.integers(0, 40, size=(len(classes), 28, 28))
    return (noise + 20 * classes[:, None, None]).astype(np.uint8), classes


def write_part(folder: Path, part: IdxPart, per_class: int, seed: int) -> IdxPart:
    """Write a small part under the published names; return it with the checksums of what it is."""
    images, classes = small_part(per_class, seed)
    checksums = {}
    for field, array in (("images", images), ("labels", classes)):
        content = idx_bytes(array)
        (folder / getattr(part, field)).write_bytes(gzip.compress(content))
        checksums[f"{field}_sha256"] = hashlib.sha256(content).hexdigest()
    return replace(part, **checksums)


def declare(monkeypatch: pytest.MonkeyPatch, module: ModuleType, made: Published) -> None:
    """Make a module another declaration, and keep downloads and other copies out of reach."""
    monkeypatch.setattr(module, "PUBLISHED", made)
    for name in ("find", "training_part", "check_test", "test_part"):
        monkeypatch.setattr(module, name, getattr(made, name))
    monkeypatch.setattr(published, "downloaders", lambda _: ())
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the four files; no system copy and no downloader are within reach."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = replace(
        fashion_mnist.PUBLISHED,
        training=write_part(folder, fashion_mnist.TRAINING, PER_CLASS_TRAINING, seed=1),
        test=write_part(folder, fashion_mnist.TEST, PER_CLASS_TEST, seed=2),
        system_folder=tmp_path / "no-system-copy",
    )
    declare(monkeypatch, fashion_mnist, made)
    counted = replace(DATASETS["fashion-mnist"], training_counts=(PER_CLASS_TRAINING,) * 10)
    monkeypatch.setitem(DATASETS, "fashion-mnist", counted)
    return folder


@pytest.fixture
def small_source(small: Path) -> Source:
    return Source(folder=small, description="a small copy")


@pytest.fixture
def small_config(small: Path) -> DataConfig:
    return DataConfig(folder=str(small), anomalies_per_normal=0.5)
