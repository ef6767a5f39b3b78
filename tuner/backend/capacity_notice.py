"""A search that has no worker, or no GPU to begin with, says that it waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ray.util.placement_group import PlacementGroup, placement_group_table

AFTER_S = 60.0
WAITS = (
    f"No trial has had a worker for {AFTER_S:.0f} s: no machine has room for one, those that were "
    "asked for have not come, or Ray cannot start a process there. `ray status` shows what is "
    "missing; the search goes on as soon as there is room."
)
GOES_ON = "There are workers again."
WAITS_FOR_GPU = (
    f"No GPU has been free for {AFTER_S:.0f} s: other work has them, or no machine with one has "
    "come. `ray status` shows what is missing; the search begins as soon as there is one."
)
GPU_CAME = "There is a GPU now."


@dataclass
class Waiting:
    """Says once that there is no worker, and once that there is one again."""

    say: Callable[[str], object]
    now: Callable[[], float] = time.monotonic
    waits: str = WAITS
    goes_on: str = GOES_ON
    _since: float | None = None
    _said: bool = False

    def look(self, workers: int) -> None:
        """Take note of how many there are."""
        if workers:
            if self._said:
                self.say(self.goes_on)
            self._since, self._said = None, False
        elif self._since is None:
            self._since = self.now()
        elif not self._said and self.now() - self._since > AFTER_S:
            self._said = True
            self.say(self.waits)


def has_place(group: PlacementGroup) -> bool:
    """Whether Ray has given this group its machine: not while one is still to come.

    The node in an actor's address does not tell: before there is one, Ray writes the driver's own.
    """
    return bool(placement_group_table(group).get("state") == "CREATED")
