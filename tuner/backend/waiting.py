"""A search that has no worker says that it waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass

AFTER_S = 60.0
WAITS = (
    f"No trial has had a worker for {AFTER_S:.0f} s: no machine has room for one, or those that "
    "were asked for have not come. `ray status` shows what is missing; the search goes on as soon "
    "as there is room."
)
GOES_ON = "There are workers again."


@dataclass
class Waiting:
    """Says once that there is no worker, and once that there is one again."""

    say: Callable[[str], object]
    now: Callable[[], float] = time.monotonic
    _since: float | None = None
    _said: bool = False

    def look(self, workers: int) -> None:
        """Take note of how many there are."""
        if workers:
            if self._said:
                self.say(GOES_ON)
            self._since, self._said = None, False
        elif self._since is None:
            self._since = self.now()
        elif not self._said and self.now() - self._since > AFTER_S:
            self._said = True
            self.say(WAITS)
