"""`normal: each`: one task for every class, with a split of its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.data.config import DataConfig, tasks
from models.data.loading import load_training
from models.data.modules import module_of
from models.data.places import DataProblem, SplitDamaged
from models.data.protocol import make_split
from models.data.sources import find
from models.data.split import Split, load_splits, save_splits, splits_digest
from models.data.tasks import find_tasks, make_splits, task_count, with_splits
from tests.models.data.folder.making import pictures

DIGITS = DataConfig(dataset="digits", normal=("each",))
ANIMALS = ("Cat", "dog", "zebra fish")


@pytest.fixture(scope="module")
def splits() -> tuple[Split, ...]:
    return make_splits(DIGITS, find(DIGITS))


def animals(folder: Path, count: int = 30) -> DataConfig:
    for name in ANIMALS:
        pictures(folder / "train" / name, count)
        pictures(folder / "test" / name, 10, start=100)
    return DataConfig(
        dataset="folder", folder=str(folder), size=16, normal=("each",), anomalies_per_normal=0
    )


def test_a_class_would_be_left_out_or_be_divided_otherwise_than_alone(
    splits: tuple[Split, ...],
) -> None:
    assert [split.normal_classes for split in splits] == [(each,) for each in range(10)]
    alone = replace(DIGITS, normal=("7",))
    assert splits[7] == make_split(alone, find(alone))
    paired = list(with_splits(DIGITS, splits))
    assert paired[7] == (alone, splits[7])


def test_a_configuration_of_one_task_would_be_changed() -> None:
    config = DataConfig(dataset="digits", normal=(3,))
    source = find(config)
    assert tasks(config, ("a", "b")) == (config,)
    assert find_tasks(config, source) == (config,)
    assert make_splits(config, source) == (make_split(config, source),)
    assert task_count(config) == 1


def test_each_would_be_taken_for_a_class() -> None:
    assert DIGITS.each
    assert DIGITS.normal_classes == ()
    assert DIGITS.normal_text == "each class in turn"
    assert not DataConfig(dataset="digits").each


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"known_classes": (3,)}, "known_classes: .*remove it"),
        ({"anomalous": (3,)}, "anomalous: give either"),
        ({"normal": ("each", "3")}, "normal: each means all classes"),
    ],
)
def test_each_would_be_taken_beside_what_contradicts_it(
    more: dict[str, tuple[str | int, ...]], said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        DataConfig(**{"dataset": "digits", "normal": ("each",), **more})  # type: ignore[arg-type]


def test_splits_would_not_read_back(splits: tuple[Split, ...], tmp_path: Path) -> None:
    save_splits(tmp_path / "split.npz", splits)
    assert load_splits(tmp_path / "split.npz") == splits
    with pytest.raises(SplitDamaged, match="holds 10 splits"):
        Split.load(tmp_path / "split.npz")


def test_a_single_split_would_be_stored_otherwise_than_before(
    splits: tuple[Split, ...], tmp_path: Path
) -> None:
    save_splits(tmp_path / "split.npz", splits[:1])
    assert Split.load(tmp_path / "split.npz") == splits[0]
    with np.load(tmp_path / "split.npz") as stored:
        assert "fit_normals" in stored and "digest" in stored
    assert splits_digest(splits[:1]) == splits[0].digest


def test_a_change_in_any_split_would_go_unseen(splits: tuple[Split, ...], tmp_path: Path) -> None:
    other = replace(splits[9], fit_normals=splits[9].fit_normals[1:])
    assert splits_digest((*splits[:9], other)) != splits_digest(splits)
    assert splits_digest(splits[::-1]) != splits_digest(splits)
    save_splits(tmp_path / "split.npz", splits)
    with np.load(tmp_path / "split.npz") as stored:
        fields = dict(stored)
    np.savez(tmp_path / "split.npz", **(fields | {"9.fit_normals": other.fit_normals}))
    with pytest.raises(SplitDamaged, match="was changed"):
        load_splits(tmp_path / "split.npz")


def test_the_classes_of_a_folder_would_not_be_found(tmp_path: Path) -> None:
    config = animals(tmp_path / "animals")
    source = find(config, tmp_path / "cache")
    assert task_count(config) == 3
    assert [task.normal for task in find_tasks(config, source)] == [(name,) for name in ANIMALS]
    made = make_splits(config, source)
    for number, (task, split) in enumerate(with_splits(config, made)):
        validation = load_training(task, source, split).validation
        assert (validation.anomalous == (validation.classes != number)).all()
        assert split.normal_classes == (number,)


def test_defects_would_be_trained_on_as_if_they_were_normal(tmp_path: Path) -> None:
    pictures(tmp_path / "parts/good", 30)
    pictures(tmp_path / "parts/scratch", 30)
    config = replace(animals(tmp_path / "other"), folder=str(tmp_path / "parts"))
    with pytest.raises(DataProblem, match=r"data\.normal: each is for folders of classes"):
        make_splits(config, find(config, tmp_path / "cache"))


def test_a_class_with_too_few_pictures_would_not_be_named(tmp_path: Path) -> None:
    config = animals(tmp_path / "animals")
    for number in range(22):
        (tmp_path / f"animals/train/dog/{number:03d}.png").unlink()
    with pytest.raises(DataProblem, match=r"^normal dog: .*18 normal pictures"):
        make_splits(config, find(config, tmp_path / "cache"))


def test_a_folder_that_cannot_be_read_would_end_a_forecast(tmp_path: Path) -> None:
    missing = replace(animals(tmp_path / "animals"), folder=str(tmp_path / "nothing"))
    assert task_count(missing) == 1


def test_a_test_picture_of_one_task_would_be_fitted_on_in_another(tmp_path: Path) -> None:
    config = animals(tmp_path / "animals")
    source = find(config, tmp_path / "cache")
    seen: set[str] = set()
    tested: set[str] = set()
    for task in find_tasks(config, source):
        seen |= {str(path) for path in module_of(task).training_part(task, source).index.paths}
        tested |= {str(path) for path in module_of(task).test_part(task, source).index.paths}
    assert tested
    assert not seen & tested
    for name in ANIMALS:
        pictures(tmp_path / "undivided" / name, 30)
    undivided = replace(config, folder=str(tmp_path / "undivided"))
    with pytest.raises(DataProblem, match=r"needs test pictures"):
        make_splits(undivided, find(undivided, tmp_path / "cache"))
