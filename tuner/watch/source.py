"""Where a watched record lies: in its run's folder, or in a storage, of which a copy is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tuner.durability.lease import KEY, STALE_S
from tuner.errors import TunerError, said_of
from tuner.record.lock import driver_of
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage, StorageError, open_storage
from tuner.storage.files import replace_file

_OUTAGE_S = 300.0
"""For so long a storage that does not answer is asked again."""


class LocalRecord:
    """A run's own folder, which is only read."""

    every_s = 1.0

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def look(self) -> None:
        """Nothing need be brought here."""

    def driver_is_gone(self) -> bool:
        """Whether no process holds the folder's lock."""
        return driver_of(self.folder) is None


class StoredRecord:
    """The copy that a driver keeps in a storage, brought into a folder of this process's own.

    `clock` counts seconds.
    """

    every_s = 5.0

    def __init__(
        self, storage: Storage, folder: RunFolder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._storage, self.folder, self._clock = storage, folder, clock
        self._copied: dict[str, float] = {}
        self._answered = self._lease_seen = clock()
        self._lease: float | None = None

    def look(self) -> None:
        """Bring what has changed; what the record is read by comes before the record.

        Raises StorageError where the storage has not answered for some minutes, or never did.
        """
        try:
            self._bring()
        except StorageError:
            if not self._copied or self._clock() - self._answered > _OUTAGE_S:
                raise
        else:
            self._answered = self._clock()

    def driver_is_gone(self) -> bool:
        """Whether the driver has given its lease back, or does not renew it any more."""
        return self._lease is None or self._clock() - self._lease_seen > STALE_S

    def _bring(self) -> None:
        lease = self._storage.modified(KEY)
        if lease != self._lease:
            self._lease, self._lease_seen = lease, self._clock()
        for path in (self.folder.space, self.folder.split, self.folder.journal):
            changed = self._storage.modified(path.name)
            if changed is not None and changed != self._copied.get(path.name):
                data = self._storage.get(path.name)
                if data is not None:
                    replace_file(path, lambda draft, data=data: draft.write_bytes(data))  # type: ignore[misc]
                    self._copied[path.name] = changed


Record = LocalRecord | StoredRecord


@contextmanager
def opened(run_folder: RunFolder, storage: str | None) -> Iterator[Record]:
    """The record of a run, of the storage that is named, else of its folder.

    Raises TunerError where there is none.
    """
    if storage is None:
        there = run_folder.space.exists() or run_folder.journal.exists()
        if not there and driver_of(run_folder) is None:
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
        with said_of(place.uri, folder.path):
            record.look()
            yield record
