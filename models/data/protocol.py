"""Divide a data set by the protocol that a configuration names.

To add a protocol, write a module with `make_split` and name it in the registry's `PROTOCOLS`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Protocol, cast

from models.data.config import DataConfig
from models.data.index import Part
from models.data.modules import module_of
from models.data.places import DataNotFound, Source
from models.data.registry import PROTOCOLS
from models.data.split import Split


class ProtocolModule(Protocol):
    """What the module of a protocol defines."""

    def make_split(self, config: DataConfig, part: Part) -> Split:
        """Divide the training part."""


def make_split(config: DataConfig, source: Source) -> Split:
    """Divide the training part by the configuration's protocol; reads no test image.

    Raises:
        DataNotFound: the training files cannot be read.
        ValueError: the data has too few images for what the configuration asks.
    """
    part = module_of(config).training_part(config, source)
    module = cast(ProtocolModule, importlib.import_module(PROTOCOLS[config.protocol]))
    split = module.make_split(config, part)
    return replace(split, labels=split.labels_in(part.index.classes))


def check_content(config: DataConfig, source: Source, split: Split) -> None:
    """Raise DataNotFound where the files of a folder are no longer those of the split."""
    if not split.content:
        return
    index = module_of(config).training_part(config, source).index
    if index.content != split.content:
        raise DataNotFound(changed_text(config))


def changed_text(config: DataConfig) -> str:
    """Say that a folder is no longer what a split was made of."""
    return (
        f"the pictures in {config.folder or config.dataset} are no longer those that the split was "
        "made of: some were added, removed, changed or labelled anew; bring them back, or start "
        "another search"
    )
