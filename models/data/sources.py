"""Find the images that a configuration asks for."""

from __future__ import annotations

import os
from pathlib import Path

from models.data.config import DataConfig
from models.data.places import DataNotFound, DataProblem, Source, SplitDamaged
from models.data.registry import DATASETS

__all__ = [
    "CACHE_VARIABLE",
    "DataNotFound",
    "DataProblem",
    "Source",
    "SplitDamaged",
    "check_test",
    "default_cache",
    "find",
]

CACHE_VARIABLE = "TUNER_CACHE"


def default_cache() -> Path:
    """Return the folder that downloads go to: `$TUNER_CACHE`, else `data` in the working folder."""
    return Path(os.environ.get(CACHE_VARIABLE) or "data").expanduser()


def find(config: DataConfig, cache: Path | None = None) -> Source:
    """Find a usable copy of the data, downloading one if there is none; one log line says which.

    A copy is usable if its training files are intact; its test files are not opened here.

    Raises:
        DataNotFound: there is none, or the folder that the user names is wrong.
    """
    folder = Path(config.folder).expanduser() if config.folder is not None else None
    where = default_cache() if cache is None else cache
    return DATASETS[config.dataset].module.find(folder, where.absolute())


def check_test(config: DataConfig, source: Source) -> None:
    """Make sure that the official test part can be read, without looking at an image of it.

    Raises:
        DataNotFound: a test file is missing or unreadable.
    """
    DATASETS[config.dataset].module.check_test(source)
