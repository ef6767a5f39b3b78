"""The names of storages: what people write after --storage."""

from __future__ import annotations

import re
from pathlib import Path

from tuner.errors import TunerError
from tuner.storage.base import Storage
from tuner.storage.folder import FolderStorage

VARIABLE = "TUNER_STORAGE"
NONE = "none"
PLACES = f"a folder that all machines see, s3://bucket/prefix, or {NONE} (default: ${VARIABLE})"
_ALLOWED = "--storage: must be a folder that all machines see, or s3://bucket/prefix"


def open_storage(place: str) -> Storage:
    """Return the storage of a name: a folder, or `s3://bucket/prefix`, with `?region=...` where
    it is not in the environment and `?endpoint_override=http://host:port` for other servers.

    Nothing is written. Raises TunerError where the name cannot be one.
    """
    if not place.strip():
        raise TunerError(f"--storage: must not be empty; {NONE} for no storage")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", place)
    if scheme is None and (bucket := re.match(r"s3:/?(.*)", place, re.IGNORECASE)):
        raise TunerError(f"{_ALLOWED}; got {place!r}; nearest: s3://{bucket[1]}")
    if scheme is None:
        folder = Path(place).expanduser().absolute()
        return FolderStorage(root=folder, base=folder)
    if scheme[1].lower() == "s3":
        from tuner.storage.s3 import open_s3  # noqa: PLC0415 - pyarrow, only where it is used

        return open_s3(place)
    raise TunerError(f"{_ALLOWED}; got {place!r}")


def local_storage(folder: Path) -> Storage:
    """Return a folder of this machine, or one that all machines mount, as a storage."""
    return FolderStorage(root=folder, base=folder, durable=False)
