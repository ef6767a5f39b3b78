"""A worker that trains several trials at once, as the lanes of one fused step.

One thread trains; the threads of the requests wait for it and write the trials' files. Trials
join and leave between epochs. While nobody asks, the pack goes on with the lanes it has: a lane is
trained one epoch beyond what was taken of it, then held until somebody asks. That epoch stays in
memory; if it turns out unwanted it is dropped, and the trial's files never knew of it.
"""

import os
import socket
import threading
import time
import traceback

import torch

from tuner.engine.attempt import (
    Attempt,
    AttemptGivenUpError,
    OutOfReachError,
    Report,
    WorkerLostError,
    worker_name,
)
from tuner.packing.lane_slots import LaneSlots, failed
from tuner.packing.member import Member
from tuner.packing.occupancy import Occupancy
from tuner.record.pack_names import pack_name
from tuner.worker.error_text import reason_of
from tuner.worker.model_warnings import ModelWarnings
from tuner.worker.progress import Progress, TrainedEpoch
from tuner.worker.search_setting import TrialSetting
from tuner.worker.stack_dump import answer_with_stacks

_WINDOW_SHARE, _LONGEST_WINDOW_S = 0.05, 0.25
"""How long a boundary waits for lanes that have just emptied, as a share of an epoch's time."""


class PackWorker:
    """Trains up to `lanes` trials of equal structure; further ones wait for a lane.

    Every method may be called from any thread. An error of one trial is that trial's report, a
    checkpoint that cannot be read now is its OutOfReachError. An error of what all share, the step,
    the images or the GPU, is WorkerLostError for each of them: the pack is done for.
    """

    def __init__(self, setting: TrialSetting, lanes: int) -> None:
        self._setting = setting
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        self._name = pack_name(f"{worker_name()}{f', GPU {gpu}' if gpu else ''}", lanes)
        self._lane_slots = LaneSlots(setting, lanes)
        self._changed = threading.Condition()
        self._members: dict[tuple[int, int], Member] = {}
        self._gone: set[tuple[int, int]] = set()
        self._file_locks: dict[int, threading.Lock] = {}
        self._broken: BaseException | None = None
        self._closed = False
        self._active_before = 0
        self._epoch_s = 0.0
        self._occupancy = Occupancy()
        self._warnings = ModelWarnings()
        answer_with_stacks()
        self._thread = threading.Thread(target=self._train_on, name="training", daemon=True)
        self._thread.start()

    def next_report(self, attempt: Attempt) -> Report:
        """Wait for the first epoch that the record does not have yet, put it on disk, report it.

        The first call for an attempt makes its trial join. A checkpoint behind the record is
        trained forward in silence, one ahead of it reports the rows that it carries.
        """
        member = self._join(attempt)
        try:
            return self._advance(member)
        except (WorkerLostError, OutOfReachError, AttemptGivenUpError):
            raise
        except Exception as error:
            report = failed(member, self._setting, error)
            self._end(member, report)
            return report

    def leave(self, number: int, attempt: int) -> None:
        """Nobody will ask for this attempt again; its lane is free from the next epoch on."""
        with self._changed:
            self._dismiss((number, attempt))

    def occupancy(self) -> Occupancy:
        """How well the lanes were used so far."""
        with self._changed:
            return self._occupancy

    def close(self) -> None:
        """Return when the epoch under way is trained and no other will be.

        A request that waits for another is answered by WorkerLostError.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    # The threads of the requests:

    def _join(self, attempt: Attempt) -> Member:
        key = (attempt.number, attempt.attempt)
        with self._changed:
            if key in self._gone:
                raise _given_up(attempt)
            for other in [o for o in self._members if o[0] == attempt.number and o != key]:
                self._dismiss(other)
            self._file_locks.setdefault(attempt.number, threading.Lock())
            if key not in self._members:
                self._members[key] = Member(attempt, self._setting.epochs)
            return self._members[key]

    def _dismiss(self, key: tuple[int, int]) -> None:
        self._gone.add(key)
        member = self._members.pop(key, None)
        if member is not None:
            member.left = True
            self._occupancy += Occupancy(dropped=len(member.untaken))
            member.untaken.clear()
        self._changed.notify_all()

    def _advance(self, member: Member) -> Report:
        number = member.attempt.number
        if member.progress is None:
            with self._file_locks[number]:  # an earlier attempt may still be writing
                member.opened(Progress(self._setting, member.attempt, self._name))
        while (row := member.next_row()) is None:
            epoch = self._wait_for_epoch(member)
            if isinstance(epoch, Report):
                return epoch
            with self._file_locks[number]:
                if member.left:
                    raise _given_up(member.attempt)
                assert member.progress is not None
                member.progress.write(epoch)
            member.taken(epoch)
        assert member.progress is not None
        return member.progress.report(row, self._warnings.next())

    def _wait_for_epoch(self, member: Member) -> TrainedEpoch | Report:
        with self._changed:
            member.asking = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: member.outcome or member.left or self._broken)
            member.asking = False
            if member.untaken:
                return member.untaken.popleft()
            if member.ended is not None:
                return member.ended
        if self._broken is not None:
            raise _lost(self._broken)
        raise _given_up(member.attempt)

    # The thread that trains:

    def _train_on(self) -> None:
        if self._setting.threads is not None:
            torch.set_num_threads(self._setting.threads)
        try:
            with self._warnings:
                while self._wait_for_work():
                    self._fill_lanes()
                    self._epoch()
            self._break(WorkerLostError(f"{socket.gethostname()}: the pack was closed"))
        except BaseException as error:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """Answer whoever waits for an epoch, now and from now on, that there will be none."""
        try:
            self._log_in_all_trials(error)
        finally:
            with self._changed:
                self._broken = error
                self._changed.notify_all()

    def _log_in_all_trials(self, error: BaseException) -> None:
        if isinstance(error, WorkerLostError):
            return
        text = "".join(traceback.format_exception(error))
        for member in list(self._members.values()):
            self._setting.files(member.attempt.number).log(text)

    def _wait_for_work(self) -> bool:
        """Wait until lanes are to be trained, and a little for more; False if the pack closes."""
        window = min(_WINDOW_SHARE * self._epoch_s, _LONGEST_WINDOW_S)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._wanting() > 0)
            self._changed.wait_for(
                lambda: self._closed or self._wanting() >= self._active_before, timeout=window
            )
            return not self._closed

    def _wanting(self) -> int:
        """Lanes that could train now."""
        lane_slots, placed = self._lane_slots, set(map(id, self._lane_slots.taken.values()))
        standing = [p for p in self._members.values() if id(p) not in placed]
        joining = sum(p.wants_epoch and lane_slots.fits(p) for p in standing)
        going_on = sum(member.wants_epoch for member in lane_slots.taken.values())
        return going_on + min(joining, lane_slots.free)

    def _fill_lanes(self) -> None:
        """Empty the lanes of those that are through, and fill them in the order of coming."""
        self._lane_slots.clear()
        with self._changed:
            placed = set(map(id, self._lane_slots.taken.values()))
            standing = [p for p in self._members.values() if id(p) not in placed]
        for member in standing:
            if not member.wants_lane or not self._lane_slots.fits(member):
                continue
            try:
                self._lane_slots.clear()  # of those that left while the others sat down
                self._lane_slots.sit(member)
            except Exception as error:
                self._end(member, self._lane_slots.failure(member, error))

    def _epoch(self) -> None:
        """Train the lanes that are wanted for one epoch, and keep what came of each."""
        with self._changed:
            active = {
                p: member for p, member in self._lane_slots.taken.items() if member.wants_epoch
            }
        if not active:
            return
        start = time.monotonic()
        results = self._lane_slots.train(active.keys())
        for place, member in active.items():
            epoch = self._lane_slots.take(place, results[place])
            if isinstance(epoch, Report):
                self._end(member, epoch)
            else:
                self._add(member, epoch)
        self._epoch_s = time.monotonic() - start
        self._active_before = len(active)
        with self._changed:
            self._occupancy += Occupancy(trained=self._lane_slots.lanes, used=len(active))

    def _add(self, member: Member, epoch: TrainedEpoch) -> None:
        with self._changed:
            if member.left:
                self._occupancy += Occupancy(dropped=1)
            else:
                member.untaken.append(epoch)
            self._changed.notify_all()

    def _end(self, member: Member, report: Report) -> None:
        with self._changed:
            member.ended = report
            self._changed.notify_all()


def _given_up(attempt: Attempt) -> AttemptGivenUpError:
    return AttemptGivenUpError(f"attempt {attempt.attempt} at trial {attempt.number}")


def _lost(broken: BaseException) -> WorkerLostError:
    if isinstance(broken, OutOfReachError | WorkerLostError):  # it speaks for itself
        return WorkerLostError(str(broken))
    text = f"the shared step failed: {reason_of(broken)}"
    return WorkerLostError(f"{socket.gethostname()}: {text}")
