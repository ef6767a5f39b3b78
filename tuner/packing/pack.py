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
from tuner.packing.member import Passenger
from tuner.packing.occupancy import Occupancy
from tuner.packing.slots import Seats, failed
from tuner.record.pack_names import pack_name
from tuner.worker.error_text import reason_of
from tuner.worker.model_warnings import ModelWarnings
from tuner.worker.progress import Progress, TrainedEpoch
from tuner.worker.setting import TrialSetting
from tuner.worker.stacks import answer_with_stacks

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
        self._seats = Seats(setting, lanes)
        self._changed = threading.Condition()
        self._passengers: dict[tuple[int, int], Passenger] = {}
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
        passenger = self._join(attempt)
        try:
            return self._advance(passenger)
        except (WorkerLostError, OutOfReachError, AttemptGivenUpError):
            raise
        except Exception as error:
            report = failed(passenger, self._setting, error)
            self._end(passenger, report)
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

    def _join(self, attempt: Attempt) -> Passenger:
        key = (attempt.number, attempt.attempt)
        with self._changed:
            if key in self._gone:
                raise _given_up(attempt)
            for other in [o for o in self._passengers if o[0] == attempt.number and o != key]:
                self._dismiss(other)
            self._file_locks.setdefault(attempt.number, threading.Lock())
            if key not in self._passengers:
                self._passengers[key] = Passenger(attempt, self._setting.epochs)
            return self._passengers[key]

    def _dismiss(self, key: tuple[int, int]) -> None:
        self._gone.add(key)
        passenger = self._passengers.pop(key, None)
        if passenger is not None:
            passenger.left = True
            self._occupancy += Occupancy(dropped=len(passenger.untaken))
            passenger.untaken.clear()
        self._changed.notify_all()

    def _advance(self, passenger: Passenger) -> Report:
        number = passenger.attempt.number
        if passenger.progress is None:
            with self._file_locks[number]:  # an earlier attempt may still be writing
                passenger.opened(Progress(self._setting, passenger.attempt, self._name))
        while (row := passenger.next_row()) is None:
            epoch = self._wait_for_epoch(passenger)
            if isinstance(epoch, Report):
                return epoch
            with self._file_locks[number]:
                if passenger.left:
                    raise _given_up(passenger.attempt)
                assert passenger.progress is not None
                passenger.progress.write(epoch)
            passenger.taken(epoch)
        assert passenger.progress is not None
        trouble = passenger.progress.files.trouble
        return Report(outcome="epoch", row=row, notice=trouble, warning=self._warnings.next())

    def _wait_for_epoch(self, passenger: Passenger) -> TrainedEpoch | Report:
        with self._changed:
            passenger.asking = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: passenger.outcome or passenger.left or self._broken)
            passenger.asking = False
            if passenger.untaken:
                return passenger.untaken.popleft()
            if passenger.ended is not None:
                return passenger.ended
        if self._broken is not None:
            raise _lost(self._broken)
        raise _given_up(passenger.attempt)

    # The thread that trains:

    def _train_on(self) -> None:
        if self._setting.threads is not None:
            torch.set_num_threads(self._setting.threads)
        try:
            with self._warnings:
                while self._wait_for_work():
                    self._seat()
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
        for passenger in list(self._passengers.values()):
            self._setting.files(passenger.attempt.number).log(text)

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
        seats, seated = self._seats, set(map(id, self._seats.taken.values()))
        standing = [p for p in self._passengers.values() if id(p) not in seated]
        joining = sum(p.wants_epoch and seats.fits(p) for p in standing)
        going_on = sum(passenger.wants_epoch for passenger in seats.taken.values())
        return going_on + min(joining, seats.free)

    def _seat(self) -> None:
        """Empty the lanes of those that are through, and fill them in the order of coming."""
        self._seats.clear()
        with self._changed:
            seated = set(map(id, self._seats.taken.values()))
            standing = [p for p in self._passengers.values() if id(p) not in seated]
        for passenger in standing:
            if not passenger.wants_lane or not self._seats.fits(passenger):
                continue
            try:
                self._seats.clear()  # of those that left while the others sat down
                self._seats.sit(passenger)
            except Exception as error:
                self._end(passenger, self._seats.failure(passenger, error))

    def _epoch(self) -> None:
        """Train the lanes that are wanted for one epoch, and keep what came of each."""
        with self._changed:
            active = {
                p: passenger for p, passenger in self._seats.taken.items() if passenger.wants_epoch
            }
        if not active:
            return
        start = time.monotonic()
        results = self._seats.train(active.keys())
        for place, passenger in active.items():
            epoch = self._seats.take(place, results[place])
            if isinstance(epoch, Report):
                self._end(passenger, epoch)
            else:
                self._add(passenger, epoch)
        self._epoch_s = time.monotonic() - start
        self._active_before = len(active)
        with self._changed:
            self._occupancy += Occupancy(trained=self._seats.lanes, used=len(active))

    def _add(self, passenger: Passenger, epoch: TrainedEpoch) -> None:
        with self._changed:
            if passenger.left:
                self._occupancy += Occupancy(dropped=1)
            else:
                passenger.untaken.append(epoch)
            self._changed.notify_all()

    def _end(self, passenger: Passenger, report: Report) -> None:
        with self._changed:
            passenger.ended = report
            self._changed.notify_all()


def _given_up(attempt: Attempt) -> AttemptGivenUpError:
    return AttemptGivenUpError(f"attempt {attempt.attempt} at trial {attempt.number}")


def _lost(broken: BaseException) -> WorkerLostError:
    if isinstance(broken, OutOfReachError | WorkerLostError):  # it speaks for itself
        return WorkerLostError(str(broken))
    text = f"the shared step failed: {reason_of(broken)}"
    return WorkerLostError(f"{socket.gethostname()}: {text}")
