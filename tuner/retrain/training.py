"""One job: a contender trained with its seeds, each training's best epoch kept. Imports torch."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from models import detectors
from models.data.images import TrainingData
from models.data.loading import load_training
from models.data.split import Split
from models.lanes.lane import EpochResult, Lane
from models.trainer import Trainer
from tuner.cli.output import Say
from tuner.engine.attempt import worker_name
from tuner.objectives import needs_noise
from tuner.record.trials import EpochRow, is_kept, of_stage
from tuner.retrain.plan import Job, Setting
from tuner.worker.rows import epoch_row


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One training: `folder` holds the detector of `kept_epoch`, the best by validation.

    What diverged is never chosen: a search ranks no such trial, and a retrain's model is of no such
    seed while another is whole. Its best epoch before counts in the figures all the same, marked
    by `diverged_epoch` and `why`: without it, the mean would be of the lucky seeds alone. One that
    diverged in its first epoch has no `kept_epoch`, which is 0 then, nor a detector.

    The time of an epoch is that of so many `lanes`, which trained in the same steps.
    """

    contender: str
    number: int
    folder: Path
    kept_epoch: int
    diverged_epoch: int | None
    why: str
    rows: tuple[EpochRow, ...]
    lanes: int = 1

    @property
    def usable(self) -> bool:
        """Whether it has come to a detector."""
        return self.kept_epoch > 0

    @property
    def whole(self) -> bool:
        """Whether it went on to its end."""
        return self.diverged_epoch is None

    @property
    def kept_row(self) -> EpochRow:
        """The row of the kept epoch, of a usable one."""
        return self.rows[self.kept_epoch - 1]

    @property
    def seconds(self) -> float:
        """What its epochs took of a device."""
        return sum(row.seconds for row in self.rows) / self.lanes


def load_images(setting: Setting) -> TrainingData:
    """Load the fit and validation images."""
    split = Split.load(setting.split_file)
    noise = needs_noise(setting.plan.data, setting.plan.objective)
    return load_training(setting.plan.data, setting.source, split, noise=noise)


def train(job: Job, setting: Setting, data: TrainingData, say: Say) -> list[Trained]:
    """Train the job's seeds as `train_told` does, each line said."""
    lines = train_told(job, setting, data)
    while True:
        try:
            say(next(lines))
        except StopIteration as end:
            trained: list[Trained] = end.value
            return trained


def train_told(
    job: Job, setting: Setting, data: TrainingData
) -> Generator[str, None, list[Trained]]:
    """Train the job's seeds as lanes of one step, on the GPU if there is one; a line each epoch."""
    plan, contender = setting.plan, job.contender
    lanes = [
        Lane(hyperparameters=dict(contender.hyperparameters), seed=plan.seed_of(contender, number))
        for number in job.numbers
    ]
    trainer = Trainer(
        contender.detector,
        data,
        lanes,
        data_seed=plan.data_seed,
        epochs=epochs_of(job, setting),
    )
    trainings = [_Training(job, setting, trainer, lane) for lane in range(len(job.numbers))]
    for _ in range(epochs_of(job, setting)):
        for training, result in zip(trainings, trainer.epoch().values(), strict=True):
            yield from training.take(result)
        if all(training.diverged_epoch for training in trainings):
            break
    return [training.finished() for training in trainings]


def epochs_of(job: Job, setting: Setting) -> int:
    """Epochs of each training: one where no phase trains, since a fit gives all in its first."""
    return setting.plan.epochs if detectors.stages(job.contender.detector) else 1


class _Training:
    """The rows of one lane, and its best detector on disk."""

    def __init__(self, job: Job, setting: Setting, trainer: Trainer, lane: int) -> None:
        self._plan = setting.plan
        self._epochs = epochs_of(job, setting)
        self._contender = job.contender
        self._number = job.numbers[lane]
        self._folder = setting.folder(job.contender, self._number)
        self._trainer = trainer
        self._lane, self._lanes = lane, len(job.numbers)
        self._rows: list[EpochRow] = []
        self._kept = 0
        self.diverged_epoch: int | None = None
        self._why = ""

    @property
    def _name(self) -> str:
        return self._plan.seed_text(self._contender, self._number)

    def take(self, result: EpochResult) -> Iterator[str]:
        """Note an epoch, keep its detector if it is the best so far, and tell how it went."""
        if self.diverged_epoch is not None:
            return
        if result.error is not None:
            raise result.error
        epoch = f"{self._name}  epoch {result.epoch}/{self._epochs}"
        if result.diverged:
            self.diverged_epoch = result.epoch
            self._why = result.why
            then = "its best epoch before counts" if self._kept else "it has come to nothing"
            yield f"{epoch}  {result.why or 'diverged'}; {then}"
            return
        self._rows.append(epoch_row(result, worker_name()))
        if self._is_kept():
            self._kept = result.epoch
            self._trainer.fitted(self._lane).save(self._folder)
        yield f"{epoch}  validation {self._figures(result)}"

    def _figures(self, result: EpochResult) -> str:
        """The AUROC, and what the epoch is chosen by where that is something else."""
        plan = self._plan
        made = " on synthetic anomalies" if plan.data.validation == "synthetic" else ""
        text = f"AUROC {result.metrics['auroc']:.4f}{made}"
        if plan.metric == "auroc":
            return text
        return f"{text}, {plan.metric.upper()} {result.metrics[plan.metric]:.4f}"

    def _is_kept(self) -> bool:
        same = of_stage(self._rows, self._rows[-1].stage)
        values = [row.metrics[self._plan.metric] for row in same]
        return is_kept(self._plan.objective, values)

    def finished(self) -> Trained:
        """What the lane has come to."""
        return Trained(
            contender=self._contender.key,
            number=self._number,
            folder=self._folder,
            kept_epoch=self._kept,
            diverged_epoch=self.diverged_epoch,
            why=self._why,
            rows=tuple(self._rows),
            lanes=self._lanes,
        )
