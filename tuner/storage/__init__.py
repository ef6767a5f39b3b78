"""Where a search keeps what must outlive a machine: a folder that all machines see, or S3."""

from tuner.storage.base import Storage, StorageError
from tuner.storage.storage_names import NONE, PLACES, VARIABLE, local_storage, open_storage

__all__ = [
    "NONE",
    "PLACES",
    "VARIABLE",
    "Storage",
    "StorageError",
    "local_storage",
    "open_storage",
]
