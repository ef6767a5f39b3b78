"""What all trials of a search share, as the driver hands it to its workers."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.data.config import DataConfig
from models.data.sources import Source, SplitDamaged
from models.data.split import Split, load_splits
from tuner.objectives import needs_noise
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage, StorageError
from tuner.worker.files import TrialFiles

SPLIT = RunFolder(Path()).split.name


@dataclass(frozen=True, kw_only=True)
class TrialSetting:
    """What all trials of a search share; `threads` None leaves the number to torch.

    `storage` holds the splits and takes the trials' files: the run's own part of it. `data_storage`
    has the images for machines that do not see the driver's.
    """

    detector: str
    objective: str
    epochs: int
    data: DataConfig
    source: Source
    data_seed: int
    threads: int | None
    storage: Storage
    data_storage: Storage | None = None

    def __deepcopy__(self, _memo: object) -> Self:
        """Itself, since nothing changes it: Tune copies it for every trial."""
        return self

    @property
    def noise(self) -> bool:
        """Whether validation scores images of noise too."""
        return needs_noise(self.data, self.objective)

    def splits(self) -> tuple[Split, ...]:
        """The split of each task, made once by the driver for all workers. Raises StorageError."""
        try:
            stored = self.storage.get(SPLIT)
        except StorageError:
            if self.storage.durable:  # not the run's own folder, which this machine may lack
                raise
            stored = None
        if stored is None:
            raise StorageError(
                f"{self.storage.uri} has no {SPLIT} when seen from this machine: give the search a "
                "--storage that all machines reach"
            )
        try:
            return load_splits(io.BytesIO(stored))
        except SplitDamaged:
            raise StorageError(
                f"{SPLIT} in {self.storage.uri} is damaged: stop the search and go on by --resume, "
                "which brings a whole one there"
            ) from None

    def files(self, number: int) -> TrialFiles:
        """The files of one trial."""
        return TrialFiles(self.storage, number)
