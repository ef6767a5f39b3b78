"""The images reach a machine that sees neither the driver's folder nor the internet."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.data import fashion_mnist as files
from models.data.config import DataConfig
from models.data.protocol import make_split
from models.data.sources import DataNotFound, Source, check_test, find
from tuner.safekeeping.shipping import data_storage, fetch, ship
from tuner.storage import local_storage


def test_a_machine_without_the_images_would_not_get_them_or_get_them_twice(
    tmp_path: Path, fashion_mnist: Source
) -> None:
    (tmp_path / "shared").mkdir()
    storage, config = local_storage(tmp_path / "shared"), DataConfig()
    place = data_storage(storage, config)
    with pytest.raises(DataNotFound):
        fetch(place, config, tmp_path / "cache")
    ship(place, config, fashion_mnist)
    source = fetch(place, config, tmp_path / "cache")
    assert source.folder is not None
    assert source.folder.is_relative_to(tmp_path / "cache")
    for key in storage.sizes():
        storage.delete(key)
    assert fetch(place, config, tmp_path / "cache").folder == source.folder


def test_a_search_with_a_storage_would_need_the_test_images(
    tmp_path: Path, fashion_mnist: Source
) -> None:
    folder, shared = tmp_path / "images", tmp_path / "shared"
    for made in (folder, shared):
        made.mkdir()
    assert fashion_mnist.folder is not None
    for name in (files.TRAINING.images, files.TRAINING.labels):
        shutil.copy(fashion_mnist.folder / name, folder)
    for name in (files.TEST.images, files.TEST.labels):
        (folder / name).mkdir()  # which nobody can read, root no more than others
    config = DataConfig(folder=str(folder))
    place = data_storage(local_storage(shared), config)
    ship(place, config, find(config))
    source = fetch(place, config, tmp_path / "cache")
    assert source.folder is not None
    assert {file.name for file in source.folder.iterdir()} == set(place.sizes())
    assert len(make_split(config, source).fit_normals) > 0
    with pytest.raises(DataNotFound):
        check_test(config, source)


def test_a_damaged_copy_would_be_trained_on(tmp_path: Path, fashion_mnist: Source) -> None:
    place, config = local_storage(tmp_path), DataConfig()
    ship(place, config, fashion_mnist)
    name = next(key for key in place.sizes() if "train-images" in key)
    place.put(name, (place.get(name) or b"")[:-1])
    with pytest.raises(DataNotFound):
        fetch(place, config, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("from-storage*"))


def test_images_that_come_with_a_package_would_be_shipped(tmp_path: Path) -> None:
    config = replace(DataConfig(), dataset="digits", normal=(0,))
    ship(local_storage(tmp_path), config, Source(folder=None, description="scikit-learn"))
    assert list(tmp_path.iterdir()) == []
