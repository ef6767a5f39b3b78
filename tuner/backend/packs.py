"""Pack workers as Ray actors, and the registry that makes them and gives their lanes away.

Tune would end an actor that a trial makes together with that trial, and a detached one outlives a
killed driver. So the driver owns the registry and the registry owns the packs: they end with it.
A pack asks Ray for nothing, since its trials have booked the place: it is pinned to their node, and
sees their GPU alone.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from models.hyperparameters import Value
from tuner.backend.capacity_notice import GPU_CAME, WAITS_FOR_GPU, Waiting, has_place
from tuner.cli.output import say
from tuner.engine.attempt import Attempt, Report
from tuner.packing.lane_allocator import DeviceLocation, LaneAllocator, Structure
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import LaneChoice
from tuner.worker.error_text import reason_of
from tuner.worker.search_setting import TrialSetting

_SPARE_CALLS = 8
_PATIENCE_S = 5.0
_SILENCE_S = 3.0
_SLICE_S = 1.0


class PackActor:
    """A pack worker in a process of its own."""

    def __init__(self, setting: TrialSetting, lanes: int) -> None:
        from tuner.packing.pack import PackWorker  # noqa: PLC0415  # torch: the driver does without

        self._worker = PackWorker(setting, lanes)

    def next_report(self, attempt: Attempt) -> Report:
        """Train up to the attempt's next report."""
        return self._worker.next_report(attempt)

    def leave(self, number: int, attempt: int) -> None:
        """Give the attempt's lane away."""
        self._worker.leave(number, attempt)

    def occupancy(self) -> Occupancy:
        """How well the lanes were used so far."""
        return self._worker.occupancy()


@dataclass(frozen=True, kw_only=True)
class LaneAllocation:
    """A lane in a pack; `watched` asks for word of the first epoch."""

    name: str
    pack: Any
    watched: bool


class PackRegistry:
    """Makes packs where trials are, and knows whose their lanes are."""

    def __init__(self, run_name: str, setting: TrialSetting, lanes: int) -> None:
        self._run_name = run_name
        self._setting = setting
        self._lanes = lanes
        self._book = LaneAllocator(lanes)
        self._actors: dict[str, Any] = {}
        self._life = uuid4().hex[:6]  # it may be restarted, and count its packs from one again
        self._asked: dict[tuple[int, int], float] = {}

    def allocate(
        self, number: int, attempt: int, place: DeviceLocation, structure: Structure
    ) -> LaneAllocation | None:
        """A lane at this place for as long as the attempt lasts; None: ask again soon."""
        self._asked[number, attempt] = time.monotonic()
        watched = self._book.under_watch(number)
        before = self._book.held(number)
        pack = self._book.allocate(number, attempt, place, structure)
        if before is not None and before[1] != attempt:  # Tune's word of its end is still to come
            self._actors[before[0]].leave.remote(number, before[1])
        if pack is None:
            return None
        if pack.name not in self._actors:
            self._actors[pack.name] = self._start(pack.name, place)
        return LaneAllocation(name=pack.name, pack=self._actors[pack.name], watched=watched)

    def release(self, number: int, attempt: int) -> None:
        """Tune has let go of the attempt."""
        self._asked.pop((number, attempt), None)
        pack = self._book.release(number, attempt)
        if pack is not None:
            self._actors[pack.name].leave.remote(number, attempt)

    def reported(self, number: int) -> None:
        """A watched trial has come through an epoch."""
        self._book.reported(number)

    def lost(self, name: str) -> None:
        """Forget a pack that is dead or broken; the next allocation makes another."""
        self._book.lost(name)
        actor = self._actors.pop(name, None)
        if actor is not None:
            ray.kill(actor)

    def hanging(self, number: int, attempt: int) -> tuple[Any, bool]:
        """Forget the pack that this attempt hangs in, and return it; None if it has none.

        The second is whether it waits for a lane: it has asked for one just now.
        """
        waits = time.monotonic() - self._asked.get((number, attempt), -math.inf) < _PATIENCE_S
        name = self._book.hung(number, attempt)
        return None if name is None else self._actors.pop(name, None), waits

    def packs(self) -> dict[str, Any]:
        """The packs that are up, by name."""
        return dict(self._actors)

    def _start(self, name: str, place: DeviceLocation) -> Any:
        sees = {"CUDA_VISIBLE_DEVICES": place.device} if place.device else {}
        return (
            ray.remote(PackActor)
            .options(
                name=f"{self._run_name}-{self._life}-{name}",
                num_cpus=0,
                num_gpus=0,
                max_concurrency=2 * self._lanes + _SPARE_CALLS,
                scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
                runtime_env={"env_vars": sees} if sees else None,
            )
            .remote(self._setting, self._lanes)
        )


@dataclass(frozen=True, kw_only=True)
class Packs:
    """The driver's side: the registry, and the name under which trial actors find it."""

    name: str
    registry: Any

    def release(self, attempt: Attempt) -> None:
        """Free the lane of an attempt that Tune has let go of."""
        self.registry.release.remote(attempt.number, attempt.attempt)

    def trainer_of(self, attempt: Attempt, trial_actor: Any) -> Any:
        """What a silent attempt hangs in, its pack or its own actor; None if it waits for a lane.

        Its trials are let into other packs one at a time, since one of them may be the reason.
        """
        asked = self.registry.hanging.remote(attempt.number, attempt.attempt)
        with suppress(ray.exceptions.RayError):
            pack, waits = ray.get(asked, timeout=_PATIENCE_S)
            return None if waits else pack or trial_actor
        return trial_actor

    def occupancy(self) -> Occupancy | None:
        """How well the lanes of all packs that are up were used; None if nobody answers."""
        with suppress(ray.exceptions.RayError):
            packs = ray.get(self.registry.packs.remote(), timeout=_PATIENCE_S)
            asked = [pack.occupancy.remote() for pack in packs.values()]
            return sum(ray.get(asked, timeout=_PATIENCE_S), Occupancy())
        return None


def lanes_of_a_gpu(setting: TrialSetting, values: Mapping[str, Value]) -> LaneChoice:
    """Have a node with a GPU measure how many lanes pay there, before any trial starts."""

    def measure() -> LaneChoice:
        from tuner.packing.lane_probe import Host, measure_lanes  # noqa: PLC0415  # torch

        node = ray.get_runtime_context().get_node_id()
        there = next(each for each in ray.nodes() if each["NodeID"] == node)["Resources"]
        gpus, memory = max(1, int(there.get("GPU", 1))), there.get("memory", math.inf)
        return measure_lanes(setting, values, Host(gpus=gpus, ray_memory_bytes=memory))

    try:
        return _on_a_gpu(measure)
    except ray.exceptions.RayError as error:
        cause = error.cause if isinstance(error, ray.exceptions.RayTaskError) else error
        text = f"1 lane: what more would gain could not be measured: {reason_of(cause)}"
        return LaneChoice(sentence=text)


def _on_a_gpu(measure: Callable[[], LaneChoice]) -> LaneChoice:
    """Wait for a GPU, however long that takes, and have it measure.

    In slices: between them a signal gets through.
    """
    waiting = Waiting(say, waits=WAITS_FOR_GPU, goes_on=GPU_CAME)
    place = placement_group([{"GPU": 1}])
    try:
        while not place.wait(_SLICE_S):
            waiting.look(0)
        waiting.look(1)
        there = PlacementGroupSchedulingStrategy(place)
        task = ray.remote(num_cpus=0, num_gpus=1, max_retries=1, scheduling_strategy=there)
        answer = task(measure).remote()
        if not ray.wait([answer], timeout=_SILENCE_S)[0]:
            say("Asking a GPU how many trials train best as one: measured once, then remembered.")
        while not ray.wait([answer], timeout=_SLICE_S)[0]:
            waiting.look(has_place(place))  # its machine may be lost, and another be asked for
        found: LaneChoice = ray.get(answer)
        return found
    finally:
        remove_placement_group(place)


@contextmanager
def open_packs(setting: TrialSetting, lanes: int) -> Iterator[Packs]:
    """A registry for the time of a search; its packs end with it, or with the driver."""
    run_name = setting.storage.uri.rstrip("/").rsplit("/", 1)[-1]
    name = f"{run_name}-packs-{uuid4().hex[:8]}"
    here = ray.get_runtime_context().get_node_id()
    registry = (
        ray.remote(PackRegistry)
        .options(
            name=name,
            num_cpus=0,
            max_restarts=-1,  # its packs are gone then, and their trials go on in new ones
            scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
        )
        .remote(run_name, setting, lanes)
    )
    try:
        yield Packs(name=name, registry=registry)
    finally:
        ray.kill(registry)
