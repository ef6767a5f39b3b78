"""The images reach a machine that sees neither the driver's folder nor the internet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.data import digits
from models.data.config import DataConfig
from models.data.loading import load_training, open_training, prepare_training
from models.data.places import DataDamaged, DataNotFound, Source
from models.data.prepared import prepared_path
from models.data.protocol import make_split
from models.data.sources import find
from models.data.split import Split
from tuner.durability.data_staging import data_storage, fetch, upload
from tuner.storage import Storage, local_storage

CONFIG = DataConfig(dataset="digits", size=16, fit_normals=30)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return find(CONFIG, tmp_path / "driver")


@pytest.fixture
def split(source: Source) -> Split:
    return make_split(CONFIG, source)


@pytest.fixture
def place(tmp_path: Path) -> Storage:
    (tmp_path / "shared").mkdir()
    return data_storage(local_storage(tmp_path / "shared"))


def test_a_machine_without_the_images_would_not_get_them_or_get_them_twice(
    tmp_path: Path, place: Storage, source: Source, split: Split
) -> None:
    with pytest.raises(DataNotFound):
        fetch(place, CONFIG, split, tmp_path / "worker")
    upload(place, CONFIG, source, split)
    path = fetch(place, CONFIG, split, tmp_path / "worker")
    assert path.is_relative_to(tmp_path / "worker")
    expected = load_training(CONFIG, source, split)
    shipped = open_training(path)
    assert torch.equal(shipped.fit.images, expected.fit.images)
    assert torch.equal(shipped.validation.images, expected.validation.images)
    for key in place.sizes():
        place.delete(key)
    assert fetch(place, CONFIG, split, tmp_path / "worker") == path


def test_images_of_the_same_size_would_be_taken_for_those_of_another_search(
    tmp_path: Path, place: Storage, source: Source, split: Split
) -> None:
    other = replace(CONFIG, seed=1)
    other_split = make_split(other, source)
    upload(place, CONFIG, source, split)
    upload(place, other, source, other_split)
    first, second = (
        open_training(fetch(place, config, of, tmp_path / "worker"))
        for config, of in ((CONFIG, split), (other, other_split))
    )
    assert not torch.equal(first.fit.images, second.fit.images)


def test_a_damaged_copy_would_be_trained_on(
    tmp_path: Path, place: Storage, source: Source, split: Split
) -> None:
    upload(place, CONFIG, source, split)
    name = next(key for key in place.sizes() if key.endswith(".safetensors"))
    data = place.get(name) or b""
    place.put(name, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DataDamaged, match="is damaged"):
        fetch(place, CONFIG, split, tmp_path / "worker")
    assert not list((tmp_path / "worker" / "prepared").glob("*.safetensors"))
    place.put(name, data[:-1])  # ships it anew: another size
    upload(place, CONFIG, source, split)
    assert fetch(place, CONFIG, split, tmp_path / "worker").exists()


def test_a_test_image_would_be_shipped(
    tmp_path: Path, place: Storage, source: Source, split: Split
) -> None:
    upload(place, CONFIG, source, split)
    shipped = open_training(fetch(place, CONFIG, split, tmp_path / "worker"))
    rows = sum(len(rows) for rows in split.row_lists)
    assert len(shipped.fit.images) + len(shipped.validation.images) == rows


def test_a_sum_that_is_not_whole_would_be_trusted(
    tmp_path: Path, place: Storage, source: Source, split: Split
) -> None:
    prepared = prepare_training(CONFIG, source, split)
    prepared.path.with_suffix(".sha256").write_text("")
    upload(place, CONFIG, source, split)
    assert fetch(place, CONFIG, split, tmp_path / "worker").exists()


def test_images_that_are_labelled_anew_would_not_reach_the_workers(
    tmp_path: Path, place: Storage, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a data set without files of its own, whose labels change and its rows do not."""
    before = make_split(CONFIG, source)
    upload(place, CONFIG, source, before)
    fetch(place, CONFIG, before, tmp_path / "worker")
    load = digits._load

    def swapped() -> Any:
        images, classes = load()
        return images, np.where(classes == 3, 5, np.where(classes == 5, 3, classes))

    monkeypatch.setattr(digits, "_load", swapped)
    with pytest.raises(DataNotFound, match="labelled anew"):
        load_training(CONFIG, replace(source, cache=None), before)
    part = digits.training_part(CONFIG, source)
    after = replace(before, labels=before.labels_in(part.index.classes))
    assert after.digest == before.digest
    upload(place, CONFIG, source, after)
    shipped = open_training(fetch(place, CONFIG, after, tmp_path / "worker"))
    rows = np.concatenate([after.validation_normals, after.validation_anomalies])
    assert shipped.validation.classes.tolist() == part.index.classes[rows].tolist()


def test_labels_would_be_forgotten_or_a_split_of_an_earlier_version_not_be_read(
    tmp_path: Path, source: Source, split: Split
) -> None:
    split.save(tmp_path / "split.npz")
    assert Split.load(tmp_path / "split.npz").labels == split.labels != ""
    earlier = replace(split, labels="")
    names = {prepared_path(CONFIG, each, tmp_path) for each in (split, earlier)}
    assert len(names) == 2
    earlier.save(tmp_path / "split.npz")
    assert load_training(CONFIG, source, Split.load(tmp_path / "split.npz")).fit.images.any()
