"""What all trials of a search share, as the driver hands it to its workers."""

from dataclasses import dataclass

from models.data.config import DataConfig
from models.data.sources import Source
from tuner.run_folder import RunFolder
from tuner.worker.files import TrialFiles


@dataclass(frozen=True, kw_only=True)
class TrialSetting:
    """What all trials of a search share; `threads` None leaves the number to torch."""

    detector: str
    objective: str
    data: DataConfig
    source: Source
    data_seed: int
    threads: int | None
    run_folder: RunFolder

    def files(self, number: int) -> TrialFiles:
        """The files of one trial."""
        return TrialFiles(self.run_folder.trial(number))
