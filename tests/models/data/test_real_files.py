"""The published data sets themselves: MNIST and CIFAR-10 where TUNER_DATA names their folder."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data import cifar10, fashion_mnist, mnist
from models.data.config import DataConfig
from models.data.loading import load_test, load_training
from models.data.places import Source
from models.data.protocol import make_split
from models.data.published import DATA_VARIABLE, data_folder
from models.data.registry import DATASETS
from models.data.split import ROW_FIELDS


@pytest.fixture
def data() -> Path:
    """The folder of extra data."""
    folder = data_folder()
    if folder is None:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    return folder


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.getfixturevalue("fashion_mnist")
    return found


def test_the_default_split_has_the_numbers_of_the_protocol(source: Source) -> None:
    config = DataConfig()
    split = make_split(config, source)
    assert [len(split.fit_normals), len(split.fit_anomalies)] == [4800, 480]
    data = load_training(config, source, split)
    assert data.validation.classes.bincount().tolist() == [1200] + [133] * 6 + [134] * 3
    assert data.fit.images.shape == (5280, 1, 32, 32)


def test_the_test_part_has_a_thousand_of_each_class(source: Source) -> None:
    test = load_test(DataConfig(), source)
    assert test.classes.bincount().tolist() == [1000] * 10
    assert torch.equal(test.anomalous, test.classes != 0)


def test_no_image_of_the_split_is_in_the_test_part(source: Source) -> None:
    split = make_split(DataConfig(), source)
    training, test = (
        part.read(np.arange(len(part.index)))
        for part in (
            fashion_mnist.training_part(DataConfig(), source),
            fashion_mnist.test_part(DataConfig(), source),
        )
    )
    rows = np.concatenate([getattr(split, field) for field in ROW_FIELDS])
    seen = {image.tobytes() for image in test}
    assert not seen & {image.tobytes() for image in training[rows]}


def test_mnist_would_be_another_than_the_published_one(data: Path, tmp_path: Path) -> None:
    """The md5 sums of the uncompressed files are well known; torchvision lists those of .gz."""
    if not (data / "mnist").is_dir():
        pytest.skip(f"there is no MNIST in {data}")
    known = {
        "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
    }
    for name, md5 in known.items():
        content = gzip.decompress((data / "mnist" / name).read_bytes())
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
    config = DataConfig(dataset="mnist")
    source = mnist.find(config, tmp_path)
    assert source.folder == data / "mnist"
    training, test = mnist.training_part(config, source), mnist.test_part(config, source)
    counts = tuple(np.bincount(training.index.classes).tolist())
    assert counts == DATASETS["mnist"].training_counts
    assert np.bincount(test.index.classes).sum() == 10_000
    assert training.read(np.arange(2)).shape == (2, 1, 28, 28)
    assert training.index.classes[:5].tolist() == [5, 0, 4, 1, 9]


@pytest.mark.long  # 60,000 files are written
def test_the_pictures_of_cifar_10_would_be_misread(data: Path, tmp_path: Path) -> None:
    """Beside Pillow itself, for a few of them."""
    archive = data / cifar10.ARCHIVE
    if not archive.exists():
        pytest.skip(f"there is no {archive}")
    cifar10.PICTURES.unpack(archive, tmp_path)
    pixels, digests = cifar10.PICTURES.read(tmp_path, "test", tmp_path / "cache")
    assert len(digests) == 10_000
    assert np.bincount(pixels.classes).tolist() == [1000] * 10
    for row, name in ((0, "airplane/0000.jpg"), (3456, "cat/0456.jpg"), (9999, "truck/0999.jpg")):
        theirs = np.asarray(Image.open(tmp_path / "test" / name).convert("RGB"))
        assert np.array_equal(pixels.images[row], theirs.transpose(2, 0, 1))
    assert len(cifar10.PICTURES.paths(tmp_path, "train")) == 50_000
