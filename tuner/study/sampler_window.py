"""Which of the trials the sampler looks at, where there are more than it can take in quickly.

TPE compares a group of good trials with all others, and its time grows with the others; it already
gives the older of them less weight. So it gets its whole good group, the rest of the places go to
the newest, and trials still running are always seen. The choice depends on the recorded trials
alone, so that a replay makes it again.
"""

from bisect import insort
from collections.abc import Sequence
from math import ceil

GOOD_SHARE, GOOD_AT_MOST = 0.1, 25  # TPE's good group: a tenth of its trials, 25 at most

Rank = tuple[int, float, float]


def rank(state: str, values: Sequence[tuple[int, float]]) -> Rank | None:
    """Where TPE ranks an ended trial by its (epoch, value) pairs, the best first.

    Complete ones go by their last value; after them the pruned ones, the longer the better, equally
    long ones by their last value. A failed trial has no rank: TPE does not look at it.
    """
    if state == "failed":
        return None
    if not values:
        return (1, 1.0, 0.0)
    epoch, value = max(values)
    return (0, 0.0, -value) if state == "complete" else (1, -float(epoch), -value)


class SamplerWindow:
    """Keeps the numbers of the trials that the sampler looks at, as trials start and end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._best = min(ceil(GOOD_SHARE * limit), GOOD_AT_MOST)
        self._known = 0
        self._running: set[int] = set()
        self._ranked: list[tuple[Rank, int]] = []
        self._newest: list[int] = []
        self._chosen: list[int] | None = None
        self.paused: dict[int, Rank] = {}

    @property
    def ended(self) -> int:
        """Trials that have ended and have a rank."""
        return len(self._ranked)

    @property
    def free(self) -> int:
        """Places that the ended trials leave."""
        return max(0, self._limit - self.ended)

    def start(self, number: int) -> None:
        """Take note of a new trial; one already known changes nothing."""
        if number < self._known:
            return
        self._known = number + 1
        self._running.add(number)
        self._chosen = None

    def end(self, number: int, place: Rank | None) -> None:
        """Take note of how a running trial ended; one that does not run changes nothing."""
        if number not in self._running:
            return
        self._running.remove(number)
        if place is not None:
            insort(self._ranked, (place, number))
            insort(self._newest, number)
        self._chosen = None

    def pause(self, number: int, place: Rank | None) -> None:
        """Take note of a running trial that waits: it counts as ended until it goes on."""
        if number in self._running and place is not None:
            self.end(number, place)
            self.paused[number] = place

    def go_on(self, number: int) -> None:
        """Take note that a paused trial runs again; one that is not paused changes nothing."""
        place = self.paused.pop(number, None)
        if place is None:
            return
        self._ranked.remove((place, number))
        self._newest.remove(number)
        self._running.add(number)
        self._chosen = None

    def numbers(self) -> Sequence[int] | None:
        """The chosen trials in ascending order; None if all are, because there are few enough."""
        if self.ended <= self._limit:
            return None
        if self._chosen is None:
            self._chosen = self._choose()
        return self._chosen

    def _choose(self) -> list[int]:
        best = {number for _, number in self._ranked[: self._best]}
        newest = [number for number in self._newest[-self._limit :] if number not in best]
        room = self._limit - len(best)
        return sorted(best | self._running | set(newest[len(newest) - room :]))
