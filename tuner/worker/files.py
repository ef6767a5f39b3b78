"""One trial's folder: its checkpoint, the detector of its best epoch, its log.

`checkpoint.pt` holds all that training needs to go on, and every row so far; `best/` is the
detector as it is loaded later. Both are replaced whole, never written over. Imports torch only
where a checkpoint is read or written.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.files import replace_file, replace_folder
from tuner.record import EpochRow, Value

if TYPE_CHECKING:
    from models.scoring import FittedDetector


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where a trial stands: `state` is `Trainer.state` of its lane after the last of `rows`.

    `configuration` is what was trained: hyperparameters and seed.
    """

    configuration: Mapping[str, Value]
    state: Mapping[str, Any]
    rows: tuple[EpochRow, ...]


class TrialFiles:
    """The files of one trial; nothing else touches its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_checkpoint(self) -> Checkpoint | None:
        """The trial's checkpoint; None, so that training starts anew, without a readable one."""
        path = self._checkpoint
        if not path.exists():
            return None
        import torch  # noqa: PLC0415  # the driver does without

        try:
            stored = torch.load(path, weights_only=True, map_location="cpu")
            rows = tuple(EpochRow(**row) for row in stored["rows"])
            return Checkpoint(
                configuration=stored["configuration"], state=stored["state"], rows=rows
            )
        except Exception as error:
            log = logging.getLogger(__name__)
            log.warning("%s cannot be read (%s): starting anew", path, error)
            return None

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Put `checkpoint` in the place of the one before."""
        import torch  # noqa: PLC0415  # the driver does without

        stored = {
            "configuration": dict(checkpoint.configuration),
            "state": dict(checkpoint.state),
            "rows": [asdict(row) for row in checkpoint.rows],
        }
        replace_file(self._checkpoint, lambda path: torch.save(stored, path))

    def drop_checkpoint(self) -> None:
        """Remove what only going on with the trial would need."""
        self._checkpoint.unlink(missing_ok=True)

    def write_best(self, detector: "FittedDetector") -> None:
        """Put `detector` in the place of the one that was best before."""
        replace_folder(self.folder / "best", detector.save)

    def log(self, text: str) -> None:
        """Append plain lines for a person to `log.txt`; a full disk only costs the lines."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "log.txt").open("a") as file:
                file.write(text.rstrip("\n") + "\n")

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"
