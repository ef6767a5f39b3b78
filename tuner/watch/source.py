"""Where a watched record lies: in its run's folder, or in a storage, of which a copy is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tuner.errors import TunerError
from tuner.record.lock import driver_of
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage, open_storage
from tuner.storage.files import replace_file

QUIET_S = 120.0
"""After so long without a word from a driver that cannot be asked, it may be gone."""


class LocalRecord:
    """A run's own folder, which is only read."""

    every_s = 1.0

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def look(self) -> None:
        """Nothing need be brought here."""

    def driver_is_gone(self, _silent_s: float) -> bool:
        """Whether no process holds the folder's lock."""
        return driver_of(self.folder) is None


class StoredRecord:
    """The copy that a driver keeps in a storage, brought into a folder of this process's own."""

    every_s = 5.0

    def __init__(self, storage: Storage, folder: RunFolder) -> None:
        self._storage, self.folder = storage, folder
        self._copied: dict[str, float] = {}

    def look(self) -> None:
        """Bring what has changed; what the record is read by comes before the record."""
        for path in (
            self.folder.space,
            self.folder.split,
            self.folder.journal,
        ):
            changed = self._storage.modified(path.name)
            if changed is not None and changed != self._copied.get(path.name):
                data = self._storage.get(path.name)
                if data is not None:
                    replace_file(path, lambda draft, data=data: draft.write_bytes(data))  # type: ignore[misc]
                    self._copied[path.name] = changed

    def driver_is_gone(self, silent_s: float) -> bool:
        """Whether it has had nothing to say for long."""
        return silent_s > QUIET_S


Record = LocalRecord | StoredRecord


@contextmanager
def opened(run_folder: RunFolder, storage: str | None) -> Iterator[Record]:
    """The record of a run, of the storage that is named, else of its folder.

    Raises TunerError where there is none.
    """
    if storage is None:
        if not run_folder.space.exists():
            raise TunerError(
                f"{run_folder} holds no search, it has no {run_folder.space.name}. Where its "
                "driver is on another machine, say which storage it has: --storage PLACE"
            )
        yield LocalRecord(run_folder)
        return
    place = open_storage(storage).within(run_folder.name)
    if place.modified(run_folder.journal.name) is None:
        raise TunerError(f"{place.uri} holds no record of a search")
    with TemporaryDirectory(prefix="tuner-watch-") as scratch:
        folder = RunFolder(Path(scratch) / run_folder.name)
        folder.path.mkdir()
        record = StoredRecord(place, folder)
        record.look()
        yield record
