"""What a configuration is trained on: one task, or with `normal: each` one for every class.

Each task is a configuration of its own, with its split; all share the data set. Torch-free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.data.config import DataConfig, tasks
from models.data.folder.layout import recognise
from models.data.folder.picture import GOOD
from models.data.modules import module_of
from models.data.places import DataProblem, Source
from models.data.protocol import make_split
from models.data.registry import DATASETS
from models.data.split import Split


def opened_as(config: DataConfig) -> DataConfig:
    """The configuration itself, or with `each` one of its tasks: the files are the same."""
    return replace(config, normal=(0,)) if config.each else config


def find_tasks(config: DataConfig, source: Source) -> tuple[DataConfig, ...]:
    """The configuration of each task.

    Raises DataProblem where `each` makes no sense: defects are never normal.
    """
    if not config.each:
        return (config,)
    names = DATASETS[config.dataset].class_names
    if not names:
        names = module_of(config).training_part(opened_as(config), source).index.class_names
        if GOOD in names:
            raise DataProblem(
                f"data.normal: each is for folders of classes alone, and {source.folder} has a "
                f"class {GOOD}: remove data.normal, and that is the normal one"
            )
        _check_test_part(source)
    return tasks(config, names)


def _check_test_part(source: Source) -> None:
    """What is set aside for test depends on what is normal, so the folder itself must say it."""
    assert source.folder is not None
    if not any(picture.part == "test" for picture in recognise(source.folder).pictures):
        raise DataProblem(
            f"data.normal: each needs test pictures that are the same whichever class is normal: "
            f"put some of each class into {source.folder}/test/<class>, the others into "
            "train/<class>"
        )


def make_splits(config: DataConfig, source: Source) -> tuple[Split, ...]:
    """Divide the training part for each task; reads no test image.

    Raises as `make_split` does; the text then names the class.
    """
    return tuple(
        _named_split(task, source) if config.each else make_split(task, source)
        for task in find_tasks(config, source)
    )


def with_splits(config: DataConfig, splits: Sequence[Split]) -> Iterator[tuple[DataConfig, Split]]:
    """Each task with its split, from the splits of all."""
    return zip(tasks(config, splits[0].class_names), splits, strict=True)


def task_count(config: DataConfig) -> int:
    """How many tasks there are, by names alone; a folder that cannot be read counts as one."""
    if not config.each:
        return 1
    if names := DATASETS[config.dataset].class_names:
        return len(names)
    assert config.folder is not None
    try:
        return len(recognise(Path(config.folder).expanduser()).kinds)
    except DataProblem:
        return 1


def _named_split(task: DataConfig, source: Source) -> Split:
    try:
        return make_split(task, source)
    except DataProblem as error:
        raise DataProblem(f"normal {task.normal_text}: {error}") from None
