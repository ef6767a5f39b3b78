"""One trial's files: its checkpoints, the detector of its best epoch, its log.

They lie in the search's storage, which is the run's own folder unless another was given. A storage
that cannot be written costs a checkpoint, never the trial: it is tried again with the next epoch's.
Imports torch only where a checkpoint is read or written.
"""

import io
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from models.hyperparameters import Value
from tuner.record.trials import EpochRow
from tuner.storage import Storage, StorageError
from tuner.storage.checkpoints import Checkpoints, log_key
from tuner.worker.faults import within_reach

if TYPE_CHECKING:
    from models.fitted import FittedDetector
    from models.task_trainer import FittedTasks


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where a trial stands: `state` is that of its trainer's lane after the last of `rows`.

    `configuration` is what was trained: hyperparameters and seed.
    """

    configuration: Mapping[str, Value]
    state: Mapping[str, Any]
    rows: tuple[EpochRow, ...]


class TrialFiles:
    """The files of one trial; nothing else touches them while it trains.

    `trouble` says why the newest checkpoint could not be written, and is empty where it was.
    """

    def __init__(self, storage: Storage, number: int) -> None:
        self._storage = storage
        self._number = number
        self._checkpoints = Checkpoints(storage, number)
        self._unwritten_best: Mapping[str, bytes] = {}
        self.trouble = ""

    @property
    def lacks_best(self) -> bool:
        """Whether the best detector so far waits for room."""
        return bool(self._unwritten_best)

    def read_checkpoint(
        self, configuration: Mapping[str, Value], recorded_epochs: int = 0
    ) -> Checkpoint | None:
        """The newest whole checkpoint of this configuration; None, to start anew, without one.

        A trial that the record has epochs of waits for a storage that cannot be read, since new
        epochs would replace what it holds; after a while that is OutOfReachError.
        """
        self._checkpoints.sweep()
        try:
            body = self._read(configuration, wait=recorded_epochs > 0)
        except StorageError as error:
            self._warn(f"No checkpoint can be read, starting anew: {error}")
            return None
        if body is None:
            return None
        import torch  # noqa: PLC0415  # the driver does without

        try:
            stored = torch.load(io.BytesIO(body), weights_only=True, map_location="cpu")
            rows = tuple(EpochRow(**row) for row in stored["rows"])
            return Checkpoint(configuration=configuration, state=stored["state"], rows=rows)
        except Exception as error:
            self._warn(f"The checkpoint cannot be read, starting anew: {error}")
            return None

    def _read(self, configuration: Mapping[str, Value], wait: bool) -> bytes | None:
        def read() -> bytes | None:
            return self._checkpoints.newest(configuration, self._warn)

        return within_reach(read) if wait else read()

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep `checkpoint`, and the best detector before it: a kill in between trains to it again.

        Where the storage fails, training goes on; the log and `trouble` say so.
        """
        import torch  # noqa: PLC0415  # the driver does without

        body = io.BytesIO()
        rows = [asdict(row) for row in checkpoint.rows]
        torch.save({"state": dict(checkpoint.state), "rows": rows}, body)
        try:
            if self._unwritten_best:
                self._checkpoints.put_best(self._unwritten_best)
                self._unwritten_best = {}
            self._checkpoints.put(len(rows), checkpoint.configuration, body.getvalue())
            self.trouble = ""
        except StorageError as error:
            self.trouble = f"A checkpoint was skipped, the next epoch's is tried again. {error}"
            self._warn(f"epoch {len(rows)}: {self.trouble}")

    def write_best(self, detector: "FittedDetector | FittedTasks") -> None:
        """Let the next checkpoint bring `detector`, in the place of the best one before."""
        self._unwritten_best = detector.files()

    def log(self, text: str) -> None:
        """Append plain lines for a person to `log.txt`; a storage that fails only costs them."""
        with suppress(StorageError):
            line = text.rstrip("\n") + "\n"
            self._storage.append(log_key(self._number), line.encode())

    def _warn(self, text: str) -> None:
        self.log(text)
        logging.getLogger(__name__).warning("trial %d: %s", self._number, text)
