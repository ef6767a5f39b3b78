"""All of a search's safekeeping behind one object, with a storage or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.data.config import DataConfig
from models.data.sources import Source
from models.data.split import load_splits
from models.data.tasks import with_splits
from tuner.cli.output import say
from tuner.durability.background import BackgroundSync
from tuner.durability.data_staging import data_storage, upload
from tuner.durability.lease import Lease, leased
from tuner.durability.record_sync import RecordCopies
from tuner.durability.recovery import Recovery
from tuner.durability.retention import Retention
from tuner.durability.storage_choice import record_storage
from tuner.record.run_folder import RunFolder
from tuner.record.trials import SearchListener
from tuner.space import Space
from tuner.storage import Storage, local_storage

if TYPE_CHECKING:  # a finished search is shown without Optuna
    from tuner.engine.engine import Engine


class RunGuard:
    """Where a run's files go, and what looks after them while it is searched.

    `place` is the storage of all runs, with the run's `lease` there, or None where the run's folder
    is all there is.
    """

    def __init__(
        self, run_folder: RunFolder, place: Storage | None, lease: Lease | None = None
    ) -> None:
        self.run_folder = run_folder
        self.place = place
        self._lease = lease
        self._copies: RecordCopies | None = None
        self._background: BackgroundSync | None = None
        self._recovery: Recovery | None = None
        self.storage = local_storage(run_folder.path)
        if place is not None:
            self.storage = place.within(run_folder.name)
            self._copies = RecordCopies(run_folder, self.storage)

    def record_storage(self) -> None:
        """Let a resume find the storage without being told."""
        record_storage(self.run_folder, self.place)

    def upload(self, data: DataConfig, source: Source) -> None:
        """Let machines that do not see the images here have them from the storage.

        The run's splits must be there.
        """
        if (place := self.data_storage) is None:
            return
        for task, split in with_splits(data, load_splits(self.run_folder.split)):
            upload(place, task, source, split)

    @property
    def data_storage(self) -> Storage | None:
        """Where the images are for other machines, if there is a storage."""
        return None if self.place is None else data_storage(self.place)

    def begin(self, engine: Engine, space: Space) -> Sequence[SearchListener]:
        """Bring the copy up to date and look after it from now on; returns who must listen.

        Raises LeaseLost where another driver has taken the search over meanwhile.
        """
        engine.listeners.say = say
        if self._lease is not None:
            self._lease.check_held()
        if self.run_folder.restored.exists():
            self._recovery = Recovery(self.storage, note=engine.note, say=say)
            self._recovery.begin(engine.trials, engine.recorded_until)
        if self._copies is not None:
            self._copies.copy()
        limit = None if space.storage_limit == "none" else space.storage_limit
        pruner = Retention(
            self.storage,
            limit=limit,
            objective=space.objective,
            slots=lambda: engine.slots,
            say=say,
        )
        self._background = BackgroundSync(
            pruner, copies=self._copies, lease=self._lease, say=say, stop=engine.interrupt
        )
        return (self._background, *((self._recovery,) if self._recovery else ()))

    def close(self) -> Sequence[str]:
        """Copy and prune a last time, the record being closed; returns what is to be said."""
        lines = []
        if self._recovery is not None:
            self.run_folder.restored.unlink(missing_ok=True)
            lines.append(self._recovery.summary())
        if self._background is not None:
            lines.append(self._background.close())
        if self.place is not None:
            lines.append(f"Checkpoints and a copy of the record: {self.storage.uri}")
        return [line for line in lines if line]


@contextmanager
def guarded(run_folder: RunFolder, place: Storage | None) -> Iterator[RunGuard]:
    """Claim a run for this driver; raises TunerError where another has it, or nothing works."""
    if place is None:
        yield RunGuard(run_folder, None)
        return
    place.check()
    with leased(place.within(run_folder.name)) as lease:
        yield RunGuard(run_folder, place, lease)
