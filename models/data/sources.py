"""Find the images that a configuration asks for."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from models.data.config import DataConfig
from models.data.modules import module_of
from models.data.places import DataNotFound, DataProblem, Source, SplitDamaged
from models.data.tasks import opened_as

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

    A copy is usable if its training files are intact; test files of published data are not opened
    here. The pictures of a folder are all decoded, so that those that cannot be read are named now.

    Raises:
        DataProblem: there is none, the folder that the user names is wrong, or its pictures are.
    """
    where = (default_cache() if cache is None else cache).absolute()
    return replace(module_of(config).find(opened_as(config), where), cache=where)


def check_test(config: DataConfig, source: Source) -> None:
    """Make sure that the test part can be read, without looking at an image of it.

    Raises:
        DataNotFound: a test file is missing or unreadable.
    """
    module_of(config).check_test(config, source)
