"""What a search needs of whatever runs its attempts: Ray, or anything else that does this."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from models.hyperparameters import Value
from tuner.engine.engine import Engine
from tuner.packing.occupancy import Occupancy
from tuner.planning.lanes import LaneChoice
from tuner.space import Machine, Space
from tuner.worker.search_setting import TrialSetting


class Backend(Protocol):
    """Runs the attempts that an engine hands out: `tuner.testing.backends` says what that asks."""

    def check(self, space: Space) -> None:
        """Raise TunerError for what is seen to be wrong before anything is made or waited for."""

    def connected(self) -> AbstractContextManager[Machine]:
        """Be ready to run, and know on what."""

    def lanes_of_a_gpu(self, setting: TrialSetting, values: Mapping[str, Value]) -> LaneChoice:
        """Measure how many trials a GPU trains fastest at once."""

    def run(
        self, engine: Engine, setting: TrialSetting, space: Space, machine: Machine, *, lanes: int
    ) -> Occupancy | None:
        """Work through the engine's attempts until it has none left or stops.

        Returns how well lanes were used, where there are several.
        """
