"""Whether Ray still runs on the driver's own machine: without it a search would wait forever."""

import time
from typing import Any

import ray
from ray._private import ray_constants, worker
from ray.tune import Callback

from tuner.engine import Engine

_EVERY_S = 2.0
GONE = (
    "Ray has ended on this machine: its raylet was killed, or did not answer for long; nothing "
    "that is recorded is lost"
)


class HomeNode(Callback):  # type: ignore[misc]  # ray has no types
    """Looks every few seconds, and gives the search up when the machine's Ray is gone.

    Trials on other machines would go on, but none could be started and none would be heard.
    Without a head, on a cluster, Ray itself ends the driver after a minute.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._node = ray.get_runtime_context().get_node_id()
        self._looked = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Called by Tune at every turn of its loop."""
        now = time.monotonic()
        if now - self._looked < _EVERY_S:
            return
        self._looked = now
        if _raylet_died() or not self._answers():
            self._engine.give_up(GONE)

    def _answers(self) -> bool:
        """Whether the cluster still counts this machine: it stops to after some 15 seconds."""
        return any(node["NodeID"] == self._node and node["Alive"] for node in ray.nodes())


def _raylet_died() -> bool:
    """Whether the raylet that this driver has started, if any, is gone: known at once."""
    dead = worker._global_node.dead_processes()
    return any(kind == ray_constants.PROCESS_TYPE_RAYLET for kind, _ in dead)
