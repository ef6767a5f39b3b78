"""The lanes of a pack and who sits in them. Used by the thread that trains, and by no other."""

import socket
import traceback
from collections.abc import Collection, Mapping

from models import detectors
from models.data.images import TrainingData
from models.hyperparameters import Value
from models.lanes.lane import EpochResult
from models.memory import free_unused, is_out_of_memory
from models.task_trainer import TaskTrainer, make_trainer
from models.trainer import Trainer
from tuner.engine.attempt import OutOfReachError, Report, WorkerLostError
from tuner.packing.member import Member
from tuner.worker.error_text import reason_of
from tuner.worker.faults import check_gpu, within_reach
from tuner.worker.images import load_tasks
from tuner.worker.progress import TrainedEpoch
from tuner.worker.rows import log_line
from tuner.worker.search_setting import TrialSetting


class LaneSlots:
    """A fixed number of lanes; the first trial to sit down says of which structure."""

    def __init__(self, setting: TrialSetting, lanes: int) -> None:
        self._setting = setting
        self.lanes = lanes
        self.taken: dict[int, Member] = {}
        self._tasks: dict[str, TrainingData] = {}
        self._trainer: Trainer | TaskTrainer | None = None
        self._structure: dict[str, Value] | None = None

    @property
    def free(self) -> int:
        """Lanes that are empty, or will be after `clear`."""
        return self.lanes - sum(member.wants_lane for member in self.taken.values())

    def fits(self, member: Member) -> bool:
        """Whether there is a lane for it now: an empty pack takes on any structure."""
        if self.free == self.lanes:
            return True
        return self.free > 0 and self._structure_of(member) == self._structure

    def sit(self, member: Member) -> None:
        """Give it a free lane, as its checkpoint stands; `failure` says whose an error is."""
        assert member.progress is not None
        place = next(lane for lane in range(self.lanes) if lane not in self.taken)
        trainer = self._trainer_for(member, place)
        member.progress.go_on(trainer, place)
        self.taken[place] = member

    def clear(self) -> None:
        """Empty the lanes of those that have left or ended."""
        for place in [p for p, member in self.taken.items() if not member.wants_lane]:
            del self.taken[place]
            if self._trainer is not None:
                self._trainer.release(place)

    def train(self, active: Collection[int]) -> Mapping[int, EpochResult]:
        """Train these lanes for one epoch; what it raises is everybody's matter."""
        assert self._trainer is not None
        return self._trainer.epoch(active)

    def take(self, place: int, result: EpochResult) -> TrainedEpoch | Report:
        """What a lane's epoch means to its trial; `failure` says whose an error is."""
        member = self.taken[place]
        assert member.progress is not None
        assert self._trainer is not None
        try:
            if result.error is not None:
                raise result.error
            if result.diverged:
                member.progress.files.log(log_line(result))
                return Report(outcome="diverged", reason=result.why)
            return member.progress.take(self._trainer, place, result)
        except Exception as error:
            return self.failure(member, error)

    def failure(self, member: Member, error: Exception) -> Report:
        """What an error means to its trial; one that is everybody's matter is raised.

        So is memory that ran out: all lanes of the pack take of it.
        """
        if isinstance(error, OutOfReachError):
            raise error
        check_gpu(error)
        if is_out_of_memory(error):
            raise WorkerLostError(f"{socket.gethostname()}: {reason_of(error)}") from error
        return failed(member, self._setting, error)

    def _trainer_for(self, member: Member, place: int) -> Trainer | TaskTrainer:
        """The trainer with this configuration at `place`; a new one for another structure."""
        assert member.progress is not None
        if not self._tasks:
            self._tasks = within_reach(lambda: load_tasks(self._setting))
        structure = self._structure_of(member)
        if self._trainer is None or structure != self._structure:
            self._drop_trainer()
            lanes = [member.progress.lane if p == place else None for p in range(self.lanes)]
            self._trainer = make_trainer(
                self._setting.detector,
                self._tasks,
                lanes,
                data_seed=self._setting.data_seed,
                epochs=self._setting.epochs,
            )
            self._structure = structure
        else:
            self._trainer.replace(place, member.progress.lane)
        return self._trainer

    def _drop_trainer(self) -> None:
        """The old networks must be gone before the new ones come."""
        self._trainer = None
        free_unused()

    def _structure_of(self, member: Member) -> dict[str, Value]:
        return detectors.structure(self._setting.detector, member.attempt.hyperparameters)


def failed(member: Member, setting: TrialSetting, error: Exception) -> Report:
    """The report of a trial whose own matter raised `error`; the traceback is in its log."""
    lines = "".join(traceback.format_exception(error))
    setting.files(member.attempt.number).log(lines)
    return Report(outcome="error", reason=reason_of(error))
