"""The bytes of all checkpoints and best detectors of a search, kept below `storage_limit`.

A trial that has ended needs no training state: that goes at once. When room is needed, the best
detectors of ended trials go, worst first, never the best trial's: nothing is trained from them.
Then go the files of paused trials, the worst first, which begin anew if they are promoted after
all. What a running trial may still need is never taken; where even that does not fit, the search
says so and goes on.
"""

import math
import time
from collections.abc import Callable, Collection

from tuner.cli.text import size_text
from tuner.record.trials import TrialView
from tuner.results.leaderboard import rank
from tuner.storage import Storage
from tuner.storage.checkpoints import BEST, FOLDER, PLACES, Checkpoints

WhilePaused = Callable[[int, Callable[[], None]], object]
"""Does something for a trial by its number if that is paused, which it stays meanwhile."""
_STATES_AT_ONCE = 3  # two places, and a third while one of them is written
_BESTS_AT_ONCE = 2


def needed_bytes(trials: int, state: int, best: int) -> int:
    """Return what so many trials under way may take, and the best detector beside them."""
    return trials * (_STATES_AT_ONCE * state + _BESTS_AT_ONCE * best) + best


def shortage(limit: int, needed: int, trials: int) -> str:
    """Say that a limit cannot be kept."""
    return (
        f"storage_limit is {size_text(limit)}, and {trials} trials under way need up to "
        f"{size_text(needed)} for their checkpoints. The search goes on and keeps what it needs, "
        "above the limit; allow more with --set storage_limit=..., or train fewer trials at once."
    )


class Retention:
    """Removes what no trial needs any more; used by one thread at a time.

    `slots` says how many trials train at once just then.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        limit: int | None,
        objective: str,
        slots: Callable[[], int],
        say: Callable[[str], object],
    ) -> None:
        self._storage = storage
        self._limit = limit
        self._objective = objective
        self._slots = slots
        self._under_way = 0
        self._say = say
        self._best: dict[int, int] = {}  # bytes of each ended trial's best detector
        self._paused: dict[tuple[int, int], int] = {}  # bytes of paused trials, by number, epochs
        self._largest = {"state": 0, "best": 0}
        self._said = False

    def measure(self, number: int) -> None:
        """Reckon with what a trial has written, where none has ended yet. Raises StorageError."""
        if self._limit is not None and not self._largest["state"]:
            self._sizes(number)
            self._warn(self._limit)

    def prune(
        self,
        ended: Collection[TrialView],
        under_way: int = 0,
        until: float = math.inf,
        *,
        paused: Collection[TrialView] = (),
        while_paused: WhilePaused = lambda number, drop: drop(),
    ) -> bool:
        """Take in the trials that have ended so far; whether there was time for all of them.

        `under_way` are those that have begun and neither ended nor wait, more than train at once
        after a resume on a smaller machine. `until` is a time of `time.monotonic`. `while_paused`
        drops what one of `paused` keeps, unless it goes on by now. Raises StorageError.
        """
        self._under_way = under_way
        if self._limit is not None and not self._take_in(paused, until):
            return False
        for trial in ended:
            if trial.number not in self._best:
                if time.monotonic() > until:
                    return False
                self._end(trial.number)
        if self._limit is not None:
            self._warn(self._limit)
            self._fit(self._limit, ended)
            self._fit_paused(self._limit, paused, while_paused)
        return True

    def presses(self, waiting: int) -> bool:
        """Whether the states of so many ended trials are too much to keep for long."""
        if self._limit is None:
            return False
        return waiting * 2 * self._largest["state"] > self._limit / 20

    def _end(self, number: int) -> None:
        _, self._best[number] = self._sizes(number)
        Checkpoints(self._storage, number).drop_states()

    def _fit(self, limit: int, ended: Collection[TrialView]) -> None:
        for number in self._worst_first(ended):
            if self._fits(limit):
                return
            if self._best[number]:
                Checkpoints(self._storage, number).drop_best()
                self._best[number] = 0

    def _fit_paused(
        self, limit: int, paused: Collection[TrialView], while_paused: WhilePaused
    ) -> None:
        for found in reversed(rank(list(paused), self._objective)):
            number, key = found.trial.number, (found.trial.number, found.trial.epochs)
            if self._fits(limit):
                return
            if self._paused[key]:
                while_paused(number, Checkpoints(self._storage, number).drop)
                self._paused[key] = 0

    def _fits(self, limit: int) -> bool:
        kept = sum(self._best.values()) + sum(self._paused.values())
        return kept - self._largest["best"] <= limit - self._warn(limit)

    def _take_in(self, paused: Collection[TrialView], until: float) -> bool:
        """Take in what paused trials keep; whether there was time for all of them."""
        keys = {(trial.number, trial.epochs) for trial in paused}
        self._paused = {key: size for key, size in self._paused.items() if key in keys}
        for number, epochs in sorted(keys - self._paused.keys()):
            if time.monotonic() > until:
                return False
            self._paused[number, epochs] = sum(self._sizes(number))
        return True

    def _sizes(self, number: int) -> tuple[int, int]:
        """The bytes of a trial's training states, and of its best detector."""
        folder = f"{FOLDER}/{number}/"
        sizes = self._storage.sizes(folder)
        states = [sizes.get(folder + place, 0) for place in PLACES]
        best = sum(size for key, size in sizes.items() if key.startswith(f"{folder}{BEST}/"))
        self._largest["state"] = max(self._largest["state"], *states)
        self._largest["best"] = max(self._largest["best"], best)
        return sum(states), best

    def _warn(self, limit: int) -> int:
        """Say once that the limit cannot be kept, if so; returns the bytes that are needed."""
        trials = max(self._slots(), self._under_way)
        needed = needed_bytes(trials, self._largest["state"], self._largest["best"])
        if needed > limit and not self._said:
            self._said = True
            self._say(shortage(limit, needed, trials))
        return needed

    def _worst_first(self, ended: Collection[TrialView]) -> list[int]:
        """All ended trials but the best, those outside the ranking first."""
        ranked = [standing.trial.number for standing in rank(list(ended), self._objective)]
        unranked = [trial.number for trial in ended if trial.number not in set(ranked)]
        return [*unranked, *reversed(ranked[1:])]
