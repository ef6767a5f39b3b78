"""What the module of a data set defines, and the module of a configuration's data set."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

from models.data.config import DataConfig
from models.data.index import Part
from models.data.places import Source
from models.data.registry import DATASETS


class DatasetModule(Protocol):
    """What the module of a data set defines."""

    def find(self, config: DataConfig, cache: Path) -> Source:
        """Take the first usable source; raises `DataNotFound`."""

    def training_part(self, config: DataConfig, source: Source) -> Part:
        """Open the part that is for fit and validation; nothing of the test part is looked at."""

    def check_test(self, config: DataConfig, source: Source) -> None:
        """Raise `DataNotFound` where the test part could not be read; looks at no image."""

    def test_part(self, config: DataConfig, source: Source) -> Part:
        """Open the test part."""


def module_of(config: DataConfig) -> DatasetModule:
    """The module of the configuration's data set, imported on first use."""
    return cast(DatasetModule, importlib.import_module(DATASETS[config.dataset].module_name))
