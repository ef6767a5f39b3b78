"""A worker that trains one trial at a time: epoch by epoch, with a checkpoint after each."""

import traceback

import torch

from models.data.images import TrainingData, load_training
from models.trainer import EpochResult, Lane, Trainer
from tuner.attempt import Attempt, Report, worker_name
from tuner.record import EpochRow, is_kept, metric_of
from tuner.setting import TrialSetting
from tuner.worker.files import Checkpoint, TrialFiles
from tuner.worker.rows import epoch_row, log_line
from tuner.worker.stacks import answer_with_stacks


class TrialWorker:
    """Trains trials one after another in one process; the images are loaded once."""

    def __init__(self, setting: TrialSetting) -> None:
        if setting.threads is not None:
            torch.set_num_threads(setting.threads)
        answer_with_stacks()
        self._setting = setting
        self._data: TrainingData | None = None
        self._attempt: Attempt | None = None
        self._training: _Training | None = None
        self._reported = 0

    def begin(self, attempt: Attempt) -> None:
        """Take on an attempt; nothing is loaded or trained before the first report is asked for."""
        self._attempt = attempt
        self._training = None
        self._reported = attempt.recorded_epochs

    def next_report(self) -> Report:
        """Train up to the first epoch that the record does not have yet, and report that.

        A checkpoint behind the record is trained forward in silence, one ahead of it reports the
        rows that it carries. Whatever training raises ends the trial, not the worker.
        """
        assert self._attempt is not None
        files = self._setting.files(self._attempt.number)
        try:
            return self._advance(self._attempt, files)
        except Exception as error:
            self._training = None
            files.log(traceback.format_exc())
            return Report(outcome="error", reason=one_line(error))

    def _advance(self, attempt: Attempt, files: TrialFiles) -> Report:
        training = self._training or self._open(attempt, files)
        self._training = training
        while len(training.rows) <= self._reported:
            result = training.epoch()
            files.log(log_line(result))
            if result.diverged:
                self._training = None
                return Report(outcome="diverged", reason=f"in epoch {result.epoch}")
        row = training.rows[self._reported]
        self._reported += 1
        return Report(outcome="epoch", row=row, notice=training.files.trouble)

    def _open(self, attempt: Attempt, files: TrialFiles) -> "_Training":
        setting = self._setting
        if self._data is None:
            self._data = load_training(setting.data, setting.source, setting.split())
        training = _Training(setting, attempt, self._data, files)
        files.log(f"attempt {attempt.attempt} on {worker_name()}: from epoch {len(training.rows)}")
        return training


class _Training:
    """One trial's trainer with its rows and checkpoints."""

    def __init__(
        self, setting: TrialSetting, attempt: Attempt, data: TrainingData, files: TrialFiles
    ) -> None:
        self._objective = setting.objective
        self.files = files
        self._trainer = Trainer(
            setting.detector,
            data,
            [Lane(hyperparameters=dict(attempt.hyperparameters), seed=attempt.seed)],
            data_seed=setting.data_seed,
        )
        self.rows: list[EpochRow] = []
        self._configuration = {**attempt.hyperparameters, "seed": attempt.seed}
        checkpoint = files.read_checkpoint(self._configuration)
        if checkpoint is not None:
            self._trainer.load_state(0, checkpoint.state)
            self.rows = list(checkpoint.rows)

    def epoch(self) -> EpochResult:
        """Train and validate one epoch; the row is kept and the checkpoint written."""
        result = self._trainer.epoch()[0]
        if not result.diverged:
            self.rows.append(epoch_row(result, self.rows))
            self._save()
        return result

    def _save(self) -> None:
        """Best detector first: a kill in between leaves a checkpoint that trains to it again."""
        metric = metric_of(self._objective)
        if is_kept(self._objective, [row.metrics[metric] for row in self.rows]):
            self.files.write_best(self._trainer.fitted(0))
        self.files.write_checkpoint(
            Checkpoint(
                configuration=self._configuration,
                state=self._trainer.state(0),
                rows=tuple(self.rows),
            )
        )


def one_line(error: Exception) -> str:
    """An error as the reason of a trial's end."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]
