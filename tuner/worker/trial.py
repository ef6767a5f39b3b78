"""A worker that trains one trial at a time: epoch by epoch, with a checkpoint after each."""

import traceback

import torch

from models.data.images import TrainingData
from models.task_trainer import TaskTrainer, make_trainer
from models.trainer import Trainer
from tuner.engine.attempt import Attempt, OutOfReachError, Report
from tuner.worker.error_text import reason_of
from tuner.worker.faults import check_gpu, within_reach
from tuner.worker.images import load_tasks
from tuner.worker.model_warnings import ModelWarnings
from tuner.worker.progress import Progress
from tuner.worker.rows import log_line
from tuner.worker.search_setting import TrialSetting
from tuner.worker.stack_dump import answer_with_stacks


class TrialWorker:
    """Trains trials one after another in one process; the images are loaded once."""

    def __init__(self, setting: TrialSetting) -> None:
        if setting.threads is not None:
            torch.set_num_threads(setting.threads)
        answer_with_stacks()
        self._setting = setting
        self._tasks: dict[str, TrainingData] = {}
        self._attempt: Attempt | None = None
        self._training: tuple[Progress, Trainer | TaskTrainer] | None = None
        self._reported = 0
        self._warnings = ModelWarnings()

    def begin(self, attempt: Attempt) -> None:
        """Take on an attempt; nothing is loaded or trained before the first report is asked for."""
        self._attempt = attempt
        self._training = None
        self._reported = attempt.recorded_epochs

    def next_report(self) -> Report:
        """Train up to the first epoch that the record does not have yet, and report that.

        A checkpoint behind the record is trained forward in silence, one ahead of it reports the
        rows that it carries. Whatever training raises ends the attempt, not the worker.

        Raises OutOfReachError or WorkerLostError where this process is of no use to other trials.
        """
        assert self._attempt is not None
        try:
            with self._warnings:
                return self._advance(self._attempt)
        except Exception as error:
            self._training = None
            self._setting.files(self._attempt.number).log(traceback.format_exc())
            if isinstance(error, OutOfReachError):
                raise
            check_gpu(error)
            return Report(outcome="error", reason=reason_of(error))

    def _advance(self, attempt: Attempt) -> Report:
        self._training = self._training or self._open(attempt)
        progress, trainer = self._training
        while len(progress.rows) <= self._reported:
            result = trainer.epoch()[0]
            if result.error is not None:
                raise result.error
            if result.diverged:
                self._training = None
                progress.files.log(log_line(result))
                return Report(outcome="diverged", reason=result.why)
            progress.write(progress.take(trainer, 0, result))
        row = progress.rows[self._reported]
        self._reported += 1
        return progress.report(row, self._warnings.next())

    def _open(self, attempt: Attempt) -> tuple[Progress, Trainer | TaskTrainer]:
        if not self._tasks:
            self._tasks = within_reach(lambda: load_tasks(self._setting))
        progress = Progress(self._setting, attempt)
        trainer = make_trainer(
            self._setting.detector,
            self._tasks,
            [progress.lane],
            data_seed=self._setting.data_seed,
            epochs=self._setting.epochs,
        )
        progress.go_on(trainer, 0)
        return progress, trainer
