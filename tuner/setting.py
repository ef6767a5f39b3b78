"""What all trials of a search share, as the driver hands it to its workers."""

from dataclasses import dataclass
from pathlib import Path

from models.data.config import DataConfig
from models.data.sources import Source
from tuner.worker.files import TrialFiles, trial_files

SPLIT = "split.npz"


@dataclass(frozen=True, kw_only=True)
class TrialSetting:
    """What all trials of a search share; `threads` None leaves the number to torch."""

    detector: str
    objective: str
    data: DataConfig
    source: Source
    data_seed: int
    threads: int | None
    run_folder: Path

    @property
    def split_file(self) -> Path:
        """Where the driver put the split, made once for all workers."""
        return self.run_folder / SPLIT

    def files(self, number: int) -> TrialFiles:
        """The files of one trial."""
        return trial_files(self.run_folder, number)
