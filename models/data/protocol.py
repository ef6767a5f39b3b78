"""Divide a data set by the protocol that a configuration names.

To add a protocol, write a module with `make_split` and name it in the registry's `PROTOCOLS`.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from models.data.config import DataConfig
from models.data.places import Source
from models.data.registry import DATASETS, PROTOCOLS, Pixels
from models.data.split import Split


class ProtocolModule(Protocol):
    """What the module of a protocol defines."""

    def make_split(self, config: DataConfig, pixels: Pixels) -> Split:
        """Divide the official training part."""


def make_split(config: DataConfig, source: Source) -> Split:
    """Divide the official training part by the configuration's protocol; reads no test image.

    Raises:
        DataNotFound: the training files cannot be read.
        ValueError: the data has too few images for what the configuration asks.
    """
    pixels = DATASETS[config.dataset].module.read_training(source)
    module = cast(ProtocolModule, importlib.import_module(PROTOCOLS[config.protocol]))
    return module.make_split(config, pixels)
