"""The images of a search travel with it: one file, once into the storage, from there to machines.

A worker first looks where the driver's machine keeps the file, since machines may share that
folder; then into its own cache, into which one process of the machine fetches the file from the
storage while the others wait. The file has no test image. Imports torch where it makes the file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from models.data.config import DataConfig
from models.data.downloads import exclusive
from models.data.places import DataDamaged, DataNotFound, Source
from models.data.prepared import is_whole, note_sum, prepared_path
from models.data.retention import remove_unused
from models.data.split import Split
from tuner.storage import Storage
from tuner.storage.files import replace_file


def data_storage(storage: Storage) -> Storage:
    """Return the place of the images in a storage, the same for all runs."""
    return storage.within("_data")


def upload(storage: Storage, config: DataConfig, source: Source, split: Split) -> None:
    """Put a search's images into the storage, unless they are there.

    Raises StorageError, and DataProblem where the images cannot be read.
    """
    from models.data.loading import prepare_training  # noqa: PLC0415 - torch

    prepared = prepare_training(config, source, split)
    name = prepared.path.name
    if storage.sizes().get(name) != prepared.path.stat().st_size or (
        storage.get(_sum_name(name)) != prepared.sha256.encode()
    ):
        storage.put(name, prepared.path.read_bytes())
        storage.put(_sum_name(name), prepared.sha256.encode())


def fetch(storage: Storage, config: DataConfig, split: Split, cache: Path) -> Path:
    """Return this machine's file of a search's images, fetched if no process has done so yet.

    Raises DataNotFound where the storage has none, or a damaged one, and StorageError.
    """
    path = prepared_path(config, split, cache)
    with exclusive(path.parent):
        if is_whole(path):
            return path
        data, expected = storage.get(path.name), storage.get(_sum_name(path.name))
        if data is None or expected is None:
            raise DataNotFound(f"the storage {storage.uri} has no images of this search")
        if hashlib.sha256(data).hexdigest() != expected.decode():
            raise DataDamaged(
                f"{path.name} in {storage.uri} is damaged: delete it, and start the search again"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_unused(path.parent)
            replace_file(path, lambda draft: draft.write_bytes(data))
            note_sum(path, expected.decode())
        except OSError as error:
            raise DataNotFound(f"the cache {cache} cannot be written ({error.strerror})") from None
    return path


def _sum_name(name: str) -> str:
    return f"{name}.sha256"
