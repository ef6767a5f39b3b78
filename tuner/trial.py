"""The worker's side of a trial: train it epoch by epoch, keep its checkpoint, say how it goes.

A trial's folder holds `checkpoint.pt` (all that training needs to go on, and every row so far),
`best/` (the detector of the best epoch) and `log.txt`. Both are replaced whole, never written over.
"""

import logging
import math
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from models.data.images import TrainingData, load_training
from models.data.protocol import Split
from models.trainer import EpochResult, Lane, Trainer
from tuner.attempt import Attempt, Report, worker_name
from tuner.files import replace_file, replace_folder
from tuner.record import EpochRow, is_kept, metric_of
from tuner.setting import TrialSetting


class TrialWorker:
    """Trains trials one after another in one process; the images are loaded once."""

    def __init__(self, setting: TrialSetting) -> None:
        if setting.threads is not None:
            torch.set_num_threads(setting.threads)
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
        log = _TrialLog(self._setting.trial_folder(self._attempt.number))
        try:
            return self._advance(log)
        except Exception as error:
            self._training = None
            log.write(traceback.format_exc())
            return Report(outcome="error", reason=_one_line(error))

    def _advance(self, log: "_TrialLog") -> Report:
        training = self._training or self._open(log)
        self._training = training
        while len(training.rows) <= self._reported:
            result = training.epoch()
            log.write(_describe(result))
            if result.diverged:
                self._training = None
                return Report(outcome="diverged", reason=f"in epoch {result.epoch}")
        row = training.rows[self._reported]
        self._reported += 1
        return Report(outcome="epoch", row=row)

    def _open(self, log: "_TrialLog") -> "_Training":
        assert self._attempt is not None
        setting = self._setting
        if self._data is None:
            split = Split.load(setting.split_file)
            self._data = load_training(setting.data, setting.source, split)
        training = _Training(setting, self._attempt, self._data)
        log.write(
            f"attempt {self._attempt.attempt} on {worker_name()}: from epoch {training.epochs}"
        )
        return training


class _Training:
    """One trial's trainer with its rows and checkpoints."""

    def __init__(self, setting: TrialSetting, attempt: Attempt, data: TrainingData) -> None:
        self._setting = setting
        self._folder = setting.trial_folder(attempt.number)
        self._trainer = Trainer(
            setting.detector,
            data,
            [Lane(hyperparameters=dict(attempt.hyperparameters), seed=attempt.seed)],
            data_seed=setting.data_seed,
        )
        self.rows: list[EpochRow] = []
        self._configuration = {**attempt.hyperparameters, "seed": attempt.seed}
        checkpoint = _read_checkpoint(self._folder / "checkpoint.pt")
        if checkpoint is not None and checkpoint["configuration"] == self._configuration:
            self._trainer.load_state(0, checkpoint["state"])
            self.rows = [EpochRow(**row) for row in checkpoint["rows"]]

    @property
    def epochs(self) -> int:
        """Epochs trained so far."""
        return len(self.rows)

    def epoch(self) -> EpochResult:
        """Train and validate one epoch; the row is kept and the checkpoint written."""
        result = self._trainer.epoch()[0]
        if not result.diverged:
            self.rows.append(self._row(result))
            self._save()
        return result

    def _row(self, result: EpochResult) -> EpochRow:
        # The record holds JSON, which knows no infinity: a threshold between equal scores is one.
        metrics = {name: value for name, value in result.metrics.items() if math.isfinite(value)}
        for name in ("auroc", "auprc"):
            before = [row.metrics[name] for row in self.rows]
            metrics[f"best_{name}"] = max([*before, metrics[name]])
        return EpochRow(
            epoch=result.epoch,
            metrics=metrics,
            losses=result.losses,
            seconds=result.seconds,
            worker=worker_name(),
        )

    def _save(self) -> None:
        """Best detector first: a kill in between leaves a checkpoint that trains to it again."""
        metric = metric_of(self._setting.objective)
        if is_kept(self._setting.objective, [row.metrics[metric] for row in self.rows]):
            replace_folder(self._folder / "best", self._trainer.fitted(0).save)
        state = {
            "configuration": self._configuration,
            "state": self._trainer.state(0),
            "rows": [asdict(row) for row in self.rows],
        }
        replace_file(self._folder / "checkpoint.pt", lambda path: torch.save(state, path))


class _TrialLog:
    """A trial's `log.txt`: plain lines for a person, no more; a full disk only costs the lines."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.txt"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, text: str) -> None:
        with suppress(OSError), self._path.open("a") as file:
            file.write(text.rstrip("\n") + "\n")


def _read_checkpoint(path: Path) -> dict[str, Any] | None:
    """The checkpoint at `path`; None, so that training starts anew, without a readable one."""
    if not path.exists():
        return None
    try:
        checkpoint: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        logging.getLogger(__name__).warning("%s cannot be read (%s): starting anew", path, error)
        return None
    return checkpoint


def _describe(result: EpochResult) -> str:
    if result.diverged:
        return f"epoch {result.epoch}: diverged, losses {result.losses}"
    shown = {"auroc": result.metrics["auroc"], **result.losses}
    values = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
    return f"epoch {result.epoch}: {values}  {result.seconds:.1f} s"


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]
