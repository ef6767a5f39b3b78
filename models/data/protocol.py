"""Divide a data set by the protocol that a configuration names.

To add a protocol, write a module with `make_split` and name it in the registry's `PROTOCOLS`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Protocol, cast

import numpy as np

from models.data.config import DataConfig
from models.data.index import Part, array_text
from models.data.modules import module_of
from models.data.places import DataNotFound, DataProblem, Source
from models.data.registry import DATASETS, PROTOCOLS
from models.data.split import Split


class ProtocolModule(Protocol):
    """What the module of a protocol defines."""

    def make_split(self, config: DataConfig, part: Part) -> Split:
        """Divide the training part."""


def make_split(config: DataConfig, source: Source) -> Split:
    """Divide the training part by the configuration's protocol; reads no test image.

    Raises:
        DataNotFound: the training files cannot be read.
        DataProblem: what the data set's module gives are no images, no labels of its classes, or
            others than the registry says.
        ValueError: the data has too few images for what the configuration asks.
    """
    part = module_of(config).training_part(config, source)
    _check_images(config, part)
    _check_counts(config, part)
    module = cast(ProtocolModule, importlib.import_module(PROTOCOLS[config.protocol]))
    split = module.make_split(config, part)
    return replace(split, labels=split.labels_in(part.index.classes))


def _check_images(config: DataConfig, part: Part) -> None:
    """Look at the first image: what is none is refused before anything trains on it.

    Raises DataProblem, naming type and shape.
    """
    pixels = part.pixels(np.arange(min(1, len(part.index))))
    given, wanted = pixels.shape[1], config.preprocessing.channels
    if given != wanted and (given, wanted) != (3, 1):
        raise DataProblem(
            f"images of {config.dataset} have {given} channels, and the registry says {wanted}; "
            f"got {array_text(pixels)}"
        )


def _check_counts(config: DataConfig, part: Part) -> None:
    """Raise DataProblem where the registry says other counts, by which searches are planned."""
    said, index = DATASETS[config.dataset].training_counts, part.index
    found = tuple(np.bincount(index.classes, minlength=len(index.class_names)).tolist())
    if said and said != found:
        raise DataProblem(
            f"images of {config.dataset}: the registry says training_counts of {said}, and there "
            f"are {found}"
        )


def check_content(config: DataConfig, source: Source, split: Split) -> None:
    """Raise DataNotFound where the files of a folder are no longer those of the split."""
    if not split.content:
        return
    index = module_of(config).training_part(config, source).index
    if index.content != split.content:
        raise DataNotFound(changed_text(config))


def pictures_digest(config: DataConfig, source: Source) -> str:
    """The digest of a folder's pictures, whatever they are for; "" for published data."""
    return module_of(config).training_part(config, source).index.pictures


def changed_text(config: DataConfig) -> str:
    """Say that a folder is no longer what a split was made of."""
    return (
        f"the pictures in {config.folder or config.dataset} are no longer those that the split was "
        "made of: some were added, removed, changed or labelled anew; bring them back, or start "
        "another search"
    )
