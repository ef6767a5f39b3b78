"""How far one trial is: its rows, and what of an epoch goes onto the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.fitted import FittedDetector
from models.lanes.lane import EpochResult, Lane
from models.task_trainer import FittedTasks, TaskTrainer
from models.trainer import Trainer
from tuner.engine.attempt import Attempt, Report, worker_name
from tuner.objectives import metric_of
from tuner.record.trials import EpochRow, is_kept, of_stage
from tuner.worker.files import Checkpoint, TrialFiles
from tuner.worker.rows import epoch_row, log_line
from tuner.worker.search_setting import TrialSetting


@dataclass(frozen=True, kw_only=True)
class TrainedEpoch:
    """An epoch as it stood at its end, whatever its lane trains since; `best` if it is kept."""

    row: EpochRow
    checkpoint: Checkpoint
    best: FittedDetector | FittedTasks | None
    line: str


class Progress:
    """One attempt's rows, from the trial's checkpoint on."""

    def __init__(self, setting: TrialSetting, attempt: Attempt, worker: str = "") -> None:
        self.files: TrialFiles = setting.files(attempt.number)
        self.lane = Lane(hyperparameters=dict(attempt.hyperparameters), seed=attempt.seed)
        self._objective = setting.objective
        self._configuration = {**attempt.hyperparameters, "seed": attempt.seed}
        self._worker = worker or worker_name()
        self.rows: list[EpochRow] = []
        self._state: Mapping[str, Any] | None = None
        checkpoint = self.files.read_checkpoint(self._configuration, attempt.recorded_epochs)
        if checkpoint is not None:
            self.rows = list(checkpoint.rows)
            self._state = checkpoint.state
        self.files.log(f"attempt {attempt.attempt} on {self._worker}: from epoch {len(self.rows)}")

    def go_on(self, trainer: Trainer | TaskTrainer, place: int) -> None:
        """Bring the trainer's lane, which holds this configuration anew, to where the trial is."""
        if self._state is not None:
            trainer.load_state(place, self._state)
        self._state = None

    def take(self, trainer: Trainer | TaskTrainer, place: int, result: EpochResult) -> TrainedEpoch:
        """Add the epoch that the lane has just trained, with copies of all that goes to disk."""
        row = epoch_row(result, self._worker)
        self.rows.append(row)
        metric = metric_of(self._objective)
        values = [each.metrics[metric] for each in of_stage(self.rows, row.stage)]
        kept = is_kept(self._objective, values)
        return TrainedEpoch(
            row=row,
            checkpoint=Checkpoint(
                configuration=self._configuration,
                state=trainer.state(place),
                rows=tuple(self.rows),
            ),
            best=trainer.fitted(place) if kept else None,
            line=log_line(result),
        )

    def write(self, epoch: TrainedEpoch) -> None:
        """Best detector first: a kill in between leaves a checkpoint that trains to it again."""
        self.files.log(epoch.line)
        if epoch.best is not None:
            self.files.write_best(epoch.best)
        self.files.write_checkpoint(epoch.checkpoint)

    def report(self, row: EpochRow, warning: str) -> Report:
        """What the driver is told of an epoch; `warning` is the process's own."""
        return Report(
            outcome="epoch",
            row=row,
            notice=self.files.trouble,
            warning=warning,
            lacks_best=self.files.lacks_best,
        )
