"""A trial that hangs: found by the clock of Tune's loop, its worker's stacks written down, killed.

Tune then sees a dead worker like any other; the engine has heard before that this one hung.

A worker that ended itself (faulthandler's `dump_traceback_later`) would need all of this beside it:
that timer stands still with a stopped process, an exit by it looks like any lost worker, and the
stacks would lie on that machine, not in the trial's log. Nor does a worker know how long the starts
of others took.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import starmap
from statistics import median
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.util.placement_group import PlacementGroup

from tuner.backend.capacity_notice import Waiting, has_place
from tuner.backend.node_tasks import task_on
from tuner.backend.ray_internals import actor_facts, live_actors
from tuner.backend.trainable import ATTEMPT
from tuner.cli.output import say
from tuner.engine.attempt import Attempt
from tuner.engine.engine import Engine
from tuner.worker.search_setting import TrialSetting
from tuner.worker.stack_dump import stacks_then_kill

FACTOR = 10.0  # how many times its median an epoch may take
LEAST_S = 60.0  # no epoch counts as hanging before
LEAST_STORED_S = 600.0  # nor before so much where checkpoints go to a storage, which may be slow
LEAST_START_S = 120.0  # nor the start of a worker: imports, images, the first epoch
CATCHING_UP = 2.0  # of the recorded epochs' time: a checkpoint may lie that far behind the record
UNKNOWN_START_S = 1800.0  # while none has reported anything, or where Ray starts no process
_REMOTE_S = 30.0  # time to reach a worker on another node
_EVERY_S = 1.0  # between two looks for a worker's process

TrainerOf = Callable[[Attempt, Any], Any]
"""The actor that trains an attempt, given that which Tune started; None while it waits for one."""


@dataclass(frozen=True)
class _Process:
    pid: int
    node: str


@dataclass(frozen=True)
class _Live:
    """A trial that has been given resources, with its actor, started or starting."""

    trial: Any
    actor: Any
    place: PlacementGroup

    @property
    def attempt(self) -> Attempt:
        attempt: Attempt = self.trial.config[ATTEMPT]
        return attempt


@dataclass
class _Watched:
    since: float
    reports: int = 0
    without_process_s: float = 0.0


@dataclass
class HangClock:
    """How long each attempt has been silent, and how long it may be.

    An attempt's first report may take ten times as long as those of other attempts took; a later
    epoch ten times as long as its trial's median epoch.
    """

    now: Callable[[], float] = time.monotonic
    least_s: float = LEAST_S
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _starts: list[float] = field(default_factory=list)
    _last_look: float | None = None

    def reported(self, attempt_id: str) -> None:
        """An attempt has said something."""
        self._forgive_sleep()
        watched = self._watched.get(attempt_id)
        if watched is None:
            return
        if watched.reports == 0:
            self._starts.append(self.now() - watched.since)
        watched.reports += 1
        watched.since = self.now()

    def excuse(self, attempt_id: str) -> None:
        """An attempt had nothing to say yet: its silence begins now."""
        if attempt_id in self._watched:
            self._watched[attempt_id].since = self.now()

    def without_process(self, attempt_id: str) -> float:
        """Excuse an attempt whose process has yet to start, and return for how long in all."""
        watched = self._watched[attempt_id]
        watched.without_process_s += self.now() - watched.since
        self.excuse(attempt_id)
        return watched.without_process_s

    def look(self, at_work: Iterable[str]) -> list[tuple[str, float, int]]:
        """Seconds of silence and number of reports of every attempt that has a worker now.

        Time in which nobody looked is nobody's silence: the driver itself was stopped.
        """
        self._forgive_sleep()
        now = self.now()
        ids = set(at_work)
        self._watched = {key: value for key, value in self._watched.items() if key in ids}
        for attempt_id in ids:
            self._watched.setdefault(attempt_id, _Watched(since=now))
        return [(key, now - value.since, value.reports) for key, value in self._watched.items()]

    def _forgive_sleep(self) -> None:
        """Move each silence on by the time since anybody looked, if that was long."""
        now = self.now()
        asleep = 0.0 if self._last_look is None else now - self._last_look
        self._last_look = now
        if asleep > LEAST_S / 6:
            for watched in self._watched.values():
                watched.since = min(now, watched.since + asleep)

    def limit(self, reports: int, epoch_seconds: list[float]) -> float:
        """Seconds that an attempt may be silent; `epoch_seconds` of its trial's recorded epochs."""
        if reports and epoch_seconds:
            return max(self.least_s, FACTOR * median(epoch_seconds))
        catching_up = CATCHING_UP * sum(epoch_seconds)
        if not self._starts:
            return UNKNOWN_START_S + catching_up
        return max(LEAST_START_S, self.least_s, FACTOR * median(self._starts)) + catching_up


def least_silence_s(setting: TrialSetting) -> float:
    """Seconds that no trial of this search is too silent for."""
    return LEAST_STORED_S if setting.storage.durable else LEAST_S


class Watchdog(Callback):  # type: ignore[misc]  # ray has no types
    """Looks at every turn of Tune's loop, about ten times a second."""

    def __init__(
        self,
        engine: Engine,
        setting: TrialSetting,
        trainer_of: TrainerOf,
        least_s: float = LEAST_S,
    ) -> None:
        self._engine = engine
        self._setting = setting
        self._trainer_of = trainer_of
        self.clock = HangClock(least_s=least_s)
        self.controller: Any = None
        self._waiting = Waiting(say)
        self._ending: set[str] = set()
        self._looked = -_EVERY_S

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Called by Tune; workers that are silent for too long are ended."""
        if self.controller is None:
            return
        live = {one.trial.trial_id: one for one in starmap(_Live, live_actors(self.controller))}
        self._look_for_workers(live.values())
        for attempt_id, silent_s, reports in self.clock.look(live):
            seconds = self._engine.epoch_seconds(attempt_id)
            if seconds is None or attempt_id in self._ending:
                continue
            if silent_s > self.clock.limit(reports, seconds):
                self._judge(attempt_id, silent_s, live[attempt_id])

    def _look_for_workers(self, live: Collection[_Live]) -> None:
        """Say when there are none; an actor that Ray has started no process for is none."""
        now = time.monotonic()
        if now - self._looked < _EVERY_S:
            return
        self._looked = now
        running = any(each.trial.status == Trial.RUNNING for each in live)
        self._waiting.look(running or any(_process(each.actor) for each in live))

    def _judge(self, attempt_id: str, silent_s: float, live: _Live) -> None:
        """End what a silent attempt hangs in, or excuse it for what is still to come."""
        if _process(live.actor) is None:
            if not has_place(live.place):
                self.clock.excuse(attempt_id)
            elif self.clock.without_process(attempt_id) >= UNKNOWN_START_S:
                self._end_without_process(attempt_id, live.attempt.number, (live.actor,))
            return
        trainer = self._trainer_of(live.attempt, live.actor)
        if trainer is None:
            self.clock.excuse(attempt_id)
            return
        doomed = (trainer, live.actor)  # its own actor may be what is stuck
        process = _process(trainer)
        if process is None:  # a pack's, which has its place and which nobody knows any longer
            self._end_without_process(attempt_id, live.attempt.number, doomed)
        else:
            self._ending.add(attempt_id)
            self._end(attempt_id, silent_s, process, doomed)

    def _end_without_process(self, attempt_id: str, number: int, doomed: Sequence[Any]) -> None:
        """Give an actor up that Ray cannot start: the engine counts a lost worker."""
        self._ending.add(attempt_id)
        text = (
            f"Ray has started no process for its worker on {_machine_of(doomed[0])}; see "
            "/tmp/ray/session_latest/logs there. The worker counts as lost."
        )
        self._setting.files(number).log(text)
        say(f"Trial {number}: {text}")
        for actor in doomed:
            ray.kill(actor)

    def _end(
        self, attempt_id: str, silent_s: float, process: _Process, doomed: tuple[Any, Any]
    ) -> None:
        number = self._engine.hung(attempt_id, silent_s)
        log = self._setting.files(number).log
        log(f"no epoch for {silent_s:.0f} s: it hangs and is ended; its worker's stacks:")
        threading.Thread(target=_end, args=(process, doomed, log), daemon=True).start()


def _process(actor: Any) -> _Process | None:
    """Where an actor runs; None while it waits for a machine or for its process to start."""
    known = actor_facts(actor)
    pid = int(known.get("Pid", 0))
    return _Process(pid, known["Address"]["NodeID"]) if pid > 1 else None


def _machine_of(actor: Any) -> str:
    """The address of the machine where Ray has put an actor."""
    node = actor_facts(actor).get("Address", {}).get("NodeID")
    found = [each["NodeManagerAddress"] for each in ray.nodes() if each["NodeID"] == node]
    return found[0] if found else "its machine"


def _end(process: _Process, doomed: Iterable[Any], log: Callable[[str], None]) -> None:
    """Have a process write its stacks down, wherever it runs; then kill it and the actors."""
    with suppress(Exception):
        if process.node == ray.get_runtime_context().get_node_id():
            stacks = stacks_then_kill(process.pid)
        else:
            stacks = _there(process)
        log(stacks or "its worker gave no answer: no stacks")
    for actor in doomed:
        ray.kill(actor)


def _there(process: _Process) -> str:
    asked = task_on(process.node, stacks_then_kill).remote(process.pid)
    try:
        stacks: str = ray.get(asked, timeout=_REMOTE_S)
    finally:
        ray.cancel(asked)  # later, the number may be another process's
    return stacks
