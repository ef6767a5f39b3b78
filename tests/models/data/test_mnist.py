"""MNIST: made-up files in every place, and the real ones where they are."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.data import mnist
from models.data.config import DataConfig
from models.data.places import DataDamaged, DataNotFound
from models.data.published import DATA_VARIABLE
from tests.models.data.conftest import declare, write_part

CONFIG = DataConfig(dataset="mnist")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small MNIST, which the module takes for the published one."""
    folder = tmp_path / "made"
    folder.mkdir()
    small = replace(
        mnist.PUBLISHED,
        training=write_part(folder, mnist.TRAINING, per_class=3, seed=1),
        test=write_part(folder, mnist.TEST, per_class=2, seed=2),
    )
    declare(monkeypatch, mnist, small)
    return folder


@pytest.mark.parametrize("place", ["named", "extra", "cache", "torchvision"])
def test_a_copy_would_not_be_found(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cache = tmp_path / "cache"
    config = replace(CONFIG, folder=str(made)) if place == "named" else CONFIG
    folder = {
        "named": made,
        "extra": tmp_path / "extra" / "mnist",
        "cache": cache / "mnist",
        "torchvision": cache / "MNIST" / "raw",
    }[place]
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "extra"))
    if place != "named":
        with pytest.raises(DataNotFound, match=r"data\.folder=FOLDER"):
            mnist.find(config, cache)
        shutil.copytree(made, folder)
    source = mnist.find(config, cache)
    assert source.folder == folder
    assert len(mnist.training_part(config, source).index) == 30
    assert len(mnist.test_part(config, source).index) == 20


def test_fashion_mnist_under_the_same_file_names_would_be_taken_for_mnist(
    made: Path, small: Path
) -> None:
    with pytest.raises(DataNotFound, match="is not the published file"):
        mnist.find(replace(CONFIG, folder=str(small)), small)
    source = mnist.find(replace(CONFIG, folder=str(made)), made)
    shutil.copy(small / mnist.TEST.labels, made)
    with pytest.raises(DataDamaged, match=r"t10k-labels-idx1-ubyte\.gz is not the published"):
        mnist.test_part(CONFIG, source)
