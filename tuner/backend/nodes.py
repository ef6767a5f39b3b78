"""The machines under a search that runs: its own must live, and others may join."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ray
from ray.tune import Callback

from tuner.backend.capacity import together
from tuner.backend.ray_internals import raylet_died
from tuner.engine.engine import Engine
from tuner.space import Machine

_EVERY_S = 2.0
GONE = (
    "Ray has ended on this machine: its raylet was killed, or did not answer for long; nothing "
    "that is recorded is lost"
)


class Nodes(Callback):  # type: ignore[misc]  # ray has no types
    """Looks every few seconds.

    When the machine's own Ray is gone it gives the search up, which would wait forever: trials on
    other machines would go on, but none could be started and none would be heard. Without a head,
    on a cluster, Ray itself ends the driver after a minute. When machines have joined, as many more
    trials train as `room` says, all on GPUs or all on cores, as the search began.
    """

    def __init__(self, engine: Engine, room: Callable[[Machine], int], *, gpus: bool) -> None:
        self._engine = engine
        self._room = room
        self._gpus = gpus
        self._own = ray.get_runtime_context().get_node_id()
        self._looked = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Called by Tune at every turn of its loop."""
        now = time.monotonic()
        if now - self._looked < _EVERY_S:
            return
        self._looked = now
        up = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        if raylet_died() or self._own not in up:
            self._engine.give_up(GONE)
        else:
            self._engine.slots = max(self._engine.slots, self._places(together(list(up.values()))))

    def _places(self, up: Machine) -> int:
        if self._gpus and not up.gpus:  # those that are up may still have none
            return 0
        return self._room(up if self._gpus else replace(up, gpus=0))
