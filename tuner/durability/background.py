"""The driver's background thread: copies of the record, its lease, and pruning.

Training and decisions never wait for it. A storage that fails is said once, and tried again.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence

from tuner.durability.lease import Lease, LeaseLost
from tuner.durability.record_sync import FAILURES, RecordCopies
from tuner.durability.retention import Retention
from tuner.record.trials import Decision, EpochRow, SearchListener, TrialView

COPY_EVERY_S = 10.0
"""Leaves a copy twice as long as that for its own way, to be at most 30 s behind."""
_LAST_TURN_S = 60.0
_PRUNE_S = 5.0  # a resume may find hundreds of ended trials; copies and the lease cannot wait


class BackgroundSync(SearchListener):
    """Hears of the search as a listener, works in its own thread, ends with `close`.

    `copies` and `lease` are None where the run's own folder is the storage. A trial's training
    state is dropped only when the storage's record knows its end: until then a resume on another
    machine would need it. `stop` ends the search where another driver has taken it over.
    """

    def __init__(
        self,
        pruner: Retention,
        *,
        copies: RecordCopies | None,
        lease: Lease | None,
        say: Callable[[str], object],
        stop: Callable[[], object],
    ) -> None:
        self._retention = pruner
        self._copies = copies
        self._lease = lease
        self._say = say
        self._stop = stop
        self._lock = threading.Lock()
        self._begun: set[int] = set()
        self._ended: dict[int, TrialView] = {}
        self._paused: dict[int, TrialView] = {}
        self._trained: int | None = None
        self._pruned = 0
        self._next_copy = 0.0
        self._trouble = ""
        self._lost = False
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)

    def search_started(self, trials: Sequence[TrialView]) -> None:
        """Begin, with the trials that the record already has."""
        self._begun |= {trial.number for trial in trials}
        self._ended |= {trial.number: trial for trial in trials if trial.ended}
        self._paused |= {trial.number: trial for trial in trials if trial.state == "paused"}
        self._thread.start()

    def trial_started(self, trial: TrialView, attempt: int) -> None:
        """Reckon with what it will keep."""
        with self._lock:
            self._begun.add(trial.number)
            self._paused.pop(trial.number, None)

    def epoch_reported(self, trial: TrialView, row: EpochRow, decision: Decision) -> None:
        """Measure its checkpoint: whether the limit can be kept is said before a trial ends."""
        self._trained = trial.number

    def trial_paused(self, trial: TrialView) -> None:
        """Count what it keeps among what can go."""
        with self._lock:
            self._paused[trial.number] = trial

    def trial_ended(self, trial: TrialView) -> None:
        """Wake the thread: there is something to prune."""
        with self._lock:
            self._paused.pop(trial.number, None)
            self._ended[trial.number] = trial
        self._wake.set()

    def close(self) -> str:
        """Copy and prune a last time; returns what a person must know of the copy, if anything.

        The record must be closed and its results written.
        """
        self._closing.set()
        self._wake.set()
        self._thread.join(_LAST_TURN_S)
        if self._lost or self._thread.is_alive():
            return self._behind()
        self._turn(last=True)
        return self._behind()

    def _work(self) -> None:
        while not self._closing.is_set() and not self._lost:
            with self._lock:
                waiting = len(self._ended) - self._pruned
            due = time.monotonic() >= self._next_copy
            if due or (waiting and (self._copies is None or self._retention.presses(waiting))):
                self._next_copy = time.monotonic() + COPY_EVERY_S
                self._turn()
            self._wake.wait(min(1.0, COPY_EVERY_S))
            self._wake.clear()

    def _turn(self, last: bool = False) -> None:
        with self._lock:
            ended, paused = list(self._ended.values()), list(self._paused.values())
            under_way = len(self._begun) - len(ended) - len(paused)
        try:
            if self._lease is not None:
                self._lease.check_held()
            if self._copies is not None:
                self._copies.copy_results() if last else self._copies.copy()
            if self._trained is not None:
                self._retention.measure(self._trained)
            until = time.monotonic() + (math.inf if last else _PRUNE_S)
            due = last or paused or len(ended) > self._pruned
            if due and self._retention.prune(
                ended, under_way, until, paused=paused, while_paused=self._while_paused
            ):
                self._pruned = len(ended)
        except LeaseLost as lost:
            self._lost = True
            self._say(f"{lost}. This driver stops.")
            self._stop()
        except FAILURES as error:
            self._failing(error)
        else:
            if self._trouble:
                self._say("The storage works again.")
            self._trouble = ""

    def _while_paused(self, number: int, drop: Callable[[], None]) -> None:
        """Drop what a paused trial keeps; one that is promoted meanwhile waits for that."""
        with self._lock:
            if number in self._paused:
                drop()

    def _failing(self, error: Exception) -> None:
        if not self._trouble:
            self._say(f"{error} The search goes on, and the storage is tried again.")
        self._trouble = str(error)

    def _behind(self) -> str:
        if self._copies is None or not self._copies.behind_s:
            return ""
        why = f": {self._trouble}" if self._trouble else ""
        return f"The storage's copy of the record is {self._copies.behind_s:.0f} s behind{why}"
