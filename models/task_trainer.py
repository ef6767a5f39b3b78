"""One configuration trained on several tasks side by side, each with images of its own."""

import statistics
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from models.evaluation.standard_error import AUROC_ERROR, of_mean
from models.fitted import FittedDetector
from models.lanes.lane import EpochResult, Lane
from models.memory import is_out_of_memory
from models.trainer import Trainer

if TYPE_CHECKING:
    from models.data.images import TrainingData

Made = TypeVar("Made")

WORST = "worst_auroc"
"""The metric that is the lowest AUROC of all tasks."""


class _Options(TypedDict):
    data_seed: int
    epochs: int | None


class TaskFailed(RuntimeError):  # noqa: N818 - it says what happened
    """What one task raised; the text names the task."""


@dataclass(frozen=True)
class FittedTasks:
    """The detectors of all tasks, in their order."""

    detectors: tuple[FittedDetector, ...]

    def files(self) -> dict[str, bytes]:
        """What `FittedDetector.files` gives of each, in a folder named by its number from 0."""
        return {
            f"{number}/{name}": data
            for number, detector in enumerate(self.detectors)
            for name, data in detector.files().items()
        }


class TaskTrainer:
    """Trains its lanes on every task, epoch by epoch; each task as a `Trainer` alone would.

    `tasks` are the images by the name of the task. An epoch's figures are means over the tasks, the
    standard error is that of the mean. A lane that diverges or fails in one task has diverged or
    failed. Raises as `Trainer` does, an error as TaskFailed, but for memory that ran out, which is
    no task's own.
    """

    def __init__(
        self,
        detector_name: str,
        tasks: "Mapping[str, TrainingData]",
        lanes: Sequence[Lane | None],
        *,
        data_seed: int = 0,
        epochs: int | None = None,
    ):
        self._trainers: dict[str, Trainer] = {}
        for name, data in tasks.items():
            with _naming(name):
                self._trainers[name] = Trainer(
                    detector_name,
                    data,
                    lanes,
                    data_seed=data_seed,
                    epochs=epochs,
                )

    def epoch(self, active: Collection[int] | None = None) -> dict[int, EpochResult]:
        """Train the lanes `active`, or all, for one epoch of every task, as `Trainer.epoch`."""
        results = self._each(lambda trainer: trainer.epoch(active))
        lanes = next(iter(results.values()))
        return {lane: _joined({name: of[lane] for name, of in results.items()}) for lane in lanes}

    def state(self, lane: int) -> dict[str, Any]:
        """All that one lane needs to go on elsewhere: CPU tensors and plain values."""
        return {"tasks": self._each(lambda trainer: trainer.state(lane))}

    def load_state(self, lane: int, state: Mapping[str, Any]) -> None:
        """Go on in this lane where `state` was taken; the tasks are the same."""
        for name, trainer in self._trainers.items():
            trainer.load_state(lane, state["tasks"][name])

    def replace(self, lane: int, new: Lane) -> None:
        """Start another configuration in this lane, from its first epoch."""
        self._each(lambda trainer: trainer.replace(lane, new))

    def release(self, lane: int) -> None:
        """Leave this lane empty until `replace`."""
        self._each(lambda trainer: trainer.release(lane))

    def fitted(self, lane: int) -> FittedTasks:
        """The lane's detectors as they stand. Raises ValueError as `Trainer.fitted` does."""
        return FittedTasks(tuple(trainer.fitted(lane) for trainer in self._trainers.values()))

    def _each(self, of: Callable[[Trainer], Made]) -> dict[str, Made]:
        made = {}
        for name, trainer in self._trainers.items():
            with _naming(name):
                made[name] = of(trainer)
        return made


def make_trainer(
    detector_name: str,
    tasks: "Mapping[str, TrainingData]",
    lanes: Sequence[Lane | None],
    *,
    data_seed: int,
    epochs: int | None = None,
) -> Trainer | TaskTrainer:
    """The trainer of these tasks: of a single one, the plain one."""
    options: _Options = {"data_seed": data_seed, "epochs": epochs}
    if len(tasks) > 1:
        return TaskTrainer(detector_name, tasks, lanes, **options)
    (data,) = tasks.values()
    return Trainer(detector_name, data, lanes, **options)


def _joined(results: Mapping[str, EpochResult]) -> EpochResult:
    """One lane's epoch over all tasks."""
    of_each = list(results.values())
    failed = ((name, of.error) for name, of in results.items() if of.error is not None)
    error = next((_named(name, each) for name, each in failed), None)
    diverged = any(of.diverged for of in of_each)
    metrics = {}
    if error is None and not diverged:
        metrics = _means([of.metrics for of in of_each])
        metrics[AUROC_ERROR] = of_mean([of.metrics[AUROC_ERROR] for of in of_each])
        metrics[WORST] = min(of.metrics["auroc"] for of in of_each)
    return EpochResult(
        epoch=of_each[0].epoch,
        stage=of_each[0].stage,
        losses=_means([of.losses for of in of_each]),
        metrics=metrics,
        seconds=sum(of.seconds for of in of_each),
        images_per_second=statistics.harmonic_mean([of.images_per_second for of in of_each]),
        diverged=diverged and error is None,
        why=next((f"{of.why}, normal {name}" for name, of in results.items() if of.why), ""),
        error=error,
    )


def _means(of_each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means of what every task has."""
    return {
        name: sum(of[name] for of in of_each) / len(of_each)
        for name in of_each[0]
        if all(name in of for of in of_each)
    }


@contextmanager
def _naming(task: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _named(task, error) from error


def _named(task: str, error: Exception) -> Exception:
    named = TaskFailed(f"normal {task}: {type(error).__name__}: {error}")
    named.__cause__ = error
    return named
