"""The training images travel with the search: once into the storage, from there to each machine.

A worker first looks where the driver found them, since machines may share that folder; then into
the storage, from which one process of the machine fetches them into the machine's cache while the
others wait; only then does it search or download for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from models.data.config import DataConfig
from models.data.downloads import Downloader, download, exclusive
from models.data.registry import DATASETS
from models.data.sources import DataNotFound, Source, default_cache, find
from tuner.storage import Storage

_CACHE_NAME = "from-storage"


def data_storage(storage: Storage, config: DataConfig) -> Storage:
    """Return the place of a data set in a storage, the same for all runs."""
    return storage.within("_data").within(config.dataset)


def ship(storage: Storage, config: DataConfig, source: Source) -> None:
    """Put a data set's training files into the storage, where they are not there yet.

    Raises StorageError.
    """
    if source.folder is None:
        return
    there = storage.sizes()
    for name in _files(config):
        path = source.folder / name
        if path.exists() and there.get(name) != path.stat().st_size:
            storage.put(name, path.read_bytes())


def fetch(storage: Storage, config: DataConfig, cache: Path | None = None) -> Source:
    """Return this machine's copy of a shipped data set, fetched if no process has done so yet.

    It has no test images: no search looks at them.

    Raises DataNotFound where the storage has none, or a damaged one.
    """
    cache = (cache or default_cache()).absolute()
    name = f"{_CACHE_NAME}-{config.dataset}"
    here = replace(config, folder=str(cache / name))
    with exclusive(cache):
        with suppress(DataNotFound):
            return find(here)
        fetcher = Downloader(
            description=f"the storage {storage.uri}",
            size="once for this machine",
            fetch=lambda folder: _fetch_files(storage, _files(config), folder),
        )
        download(
            fetcher,
            title=config.dataset,
            cache=cache,
            name=name,
            check=lambda folder: _check(config, folder),
        )
    return find(here)


def _fetch_files(storage: Storage, names: Sequence[str], folder: Path) -> None:
    for name in names:
        data = storage.get(name)
        if data is not None:
            (folder / name).write_bytes(data)


def _check(config: DataConfig, folder: Path) -> None:
    find(replace(config, folder=str(folder)))


def _files(config: DataConfig) -> Sequence[str]:
    return DATASETS[config.dataset].module.TRAINING_FILES
