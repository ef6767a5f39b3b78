"""Ray Tune as the backend of a search: on this machine alone, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from models.hyperparameters import Value
from tuner.backend.address import named_address, reached
from tuner.cli.output import waiting
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import LaneChoice
from tuner.planning.machine import find_machine
from tuner.space import Machine, Space, resolve_scale

if TYPE_CHECKING:  # a finished search is shown without Optuna
    from tuner.engine.engine import Engine
    from tuner.worker.search_setting import TrialSetting


@contextmanager
def connected(address: str | None) -> Iterator[Machine]:
    """Join or start Ray, for a while, with a word about it: loading it alone takes seconds."""
    with ExitStack() as opened:
        with waiting("Joining the cluster" if named_address(address) else "Starting Ray here"):
            from tuner.backend.connection import connection  # noqa: PLC0415 - ray

            machine = opened.enter_context(connection(address))
        yield machine


class RayBackend:
    """`address` is that of a cluster; without it, and without $RAY_ADDRESS, this machine's own."""

    def __init__(self, address: str | None = None) -> None:
        self.address = named_address(address)

    def check(self, space: Space) -> None:
        """Raise TunerError where nothing answers, or this machine cannot do what the space asks."""
        if self.address:
            reached(self.address)
        else:
            resolve_scale(space, find_machine())

    def connected(self) -> AbstractContextManager[Machine]:
        """Join or start Ray, for a while."""
        return connected(self.address)

    def lanes_of_a_gpu(self, setting: TrialSetting, values: Mapping[str, Value]) -> LaneChoice:
        """Have a node with a GPU measure how many lanes pay there."""
        from tuner.backend.packs import lanes_of_a_gpu  # noqa: PLC0415 - ray

        return lanes_of_a_gpu(setting, values)

    def run(
        self, engine: Engine, setting: TrialSetting, space: Space, machine: Machine, *, lanes: int
    ) -> Occupancy | None:
        """Let Tune work through the engine's attempts."""
        from tuner.backend.tune_run import run  # noqa: PLC0415 - ray

        return run(engine, setting, space, machine, lanes=lanes)
