"""Asynchronous successive halving, ASHA: which trials go on at which epochs. Pure rules.

Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020. Trials are compared
at rungs: after `grace_epochs`, and after each multiple of it by a power of `reduction_factor`. Of
the two types, `stop` ends a trial for good where it compares badly with those before it, and
`promote`, the paper's own Algorithm 2, pauses it until it is among the best of its rung.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.record.events import EpochReported, Event
from tuner.record.trials import Action, Decision, EndReason
from tuner.space import Space


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A paused trial that goes on, and its `rank` of the `of` trials that reached its `rung`."""

    number: int
    rung: int
    rank: int
    of: int


class EarlyStopping(Protocol):
    """Early stopping as a function of the values it was shown, in their order."""

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Take in trial `number`'s objective at `epoch` and say whether it goes on.

        Epochs of one trial come in their order; those of different trials in any.
        """

    def promotion(self, paused: Collection[int]) -> Promotion | None:
        """The trial of those paused that should go on before a new one begins, if any."""

    def nearest(self, paused: Collection[int]) -> Promotion | None:
        """The paused trial nearest to a promotion: the best at the highest rung."""


def make_scheduler(space: Space) -> EarlyStopping:
    """The early stopping that the space names, with nothing seen yet."""
    if space.scheduler.name == "none":
        return NoStopping()
    kind = PromotingAsha if space.scheduler.type == "promote" else StoppingAsha
    return kind(rungs_of(space), space.scheduler.reduction_factor)


def catch_up(scheduler: EarlyStopping, past: Iterable[Event], objective: str) -> None:
    """Bring a fresh scheduler to where a record stands."""
    for event in past:
        if isinstance(event, EpochReported):
            scheduler.decide(event.trial, event.row.epoch, event.row.metrics[objective])


def rungs_of(space: Space) -> tuple[int, ...]:
    """The epochs after which trials are compared, ascending, the last epoch left out."""
    return tuple(_rungs(space)) if space.scheduler.name == "asha" else ()


def _rungs(space: Space) -> Iterator[int]:
    rung = space.grace_epochs
    while rung < space.epochs:
        yield rung
        rung *= space.scheduler.reduction_factor


class NoStopping:
    """Every trial runs its full length."""

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Let the trial go on."""
        return Decision(action="continue")

    def promotion(self, paused: Collection[int]) -> Promotion | None:
        """None: nothing is ever paused."""
        return None

    def nearest(self, paused: Collection[int]) -> Promotion | None:
        """None: nothing is ever paused."""
        return None


class _Rung:
    """The trials that have reached a rung, the best first; of equals the lower number."""

    def __init__(self) -> None:
        self._values: dict[int, float] = {}
        self._ranked: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, number: int) -> bool:
        return number in self._values

    def add(self, number: int, value: float) -> None:
        """Take in what a trial has reached here."""
        self._values[number] = value
        insort(self._ranked, (-value, number))

    def rank(self, number: int) -> int:
        """1 for the best; equal values share a rank."""
        return 1 + bisect_left(self._ranked, (-self._values[number], -1))

    def best(self, count: int) -> list[int]:
        """The best trials."""
        return [number for _, number in self._ranked[:count]]

    def reaches(self, value: float, share: float) -> bool:
        """Whether a value is not below the quantile `share` of those here.

        The quantile lies linearly between two values, and in floating point where NumPy has it.
        """
        if not self._ranked:
            return True
        place = share * (len(self) - 1)
        below = int(place)
        low, high = -self._ranked[-1 - below][0], -self._ranked[max(-2 - below, -len(self))][0]
        part = place - below
        if part >= 0.5:  # numpy.percentile adds up from the nearer end
            return value >= high - (high - low) * (1 - part)
        return value >= low + (high - low) * part


class _Rungs:
    """Each rung by its epoch, and what a trial's arrival at one comes to."""

    def __init__(self, rungs: Sequence[int], reduction_factor: int) -> None:
        self._rungs = {rung: _Rung() for rung in rungs}
        self._factor = reduction_factor

    def _arrival(self, number: int, epoch: int) -> _Rung | None:
        """The rung that this epoch reached, if the trial had not reached it before."""
        rung = self._rungs.get(epoch)
        return None if rung is None or number in rung else rung

    def _decision(self, action: Action, epoch: int, number: int) -> Decision:
        rung = self._rungs[epoch]
        reason = "" if action == "continue" else EndReason.EARLY_STOPPING.word
        rank = rung.rank(number)
        return Decision(action=action, reason=reason, rung=epoch, rank=rank, of=len(rung))


class StoppingAsha(_Rungs):
    """Stops a trial below the quantile 1 - 1/reduction_factor of those at its rung before it.

    Its decisions are those of Ray Tune's AsyncHyperBandScheduler.
    """

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Take in one value; where it reaches a rung, compare it with those there before."""
        rung = self._arrival(number, epoch)
        if rung is None:
            return Decision(action="continue")
        share = (1 - 1 / self._factor) * 100 / 100  # as Tune and NumPy round it
        goes_on = rung.reaches(value, share)
        rung.add(number, value)
        return self._decision("continue" if goes_on else "stop", epoch, number)

    def promotion(self, paused: Collection[int]) -> Promotion | None:
        """None: nothing is ever paused."""
        return None

    def nearest(self, paused: Collection[int]) -> Promotion | None:
        """None: nothing is ever paused."""
        return None


class PromotingAsha(_Rungs):
    """Pauses a trial at each rung unless it is among the best 1/reduction_factor there by then.

    A paused trial is promoted as soon as so many have reached its rung that it is among the best;
    of several the one at the highest rung, and there the best, goes first.
    """

    def decide(self, number: int, epoch: int, value: float) -> Decision:
        """Take in one value; where it reaches a rung, pause the trial unless it is promoted."""
        rung = self._arrival(number, epoch)
        if rung is None:
            return Decision(action="continue")
        rung.add(number, value)
        goes_on = number in self._best(rung)
        return self._decision("continue" if goes_on else "pause", epoch, number)

    def promotion(self, paused: Collection[int]) -> Promotion | None:
        """The best trial of the highest rung that is among the best there and paused at it."""
        return self._first(paused, self._factor)

    def nearest(self, paused: Collection[int]) -> Promotion | None:
        """The best trial of the highest rung at which one is paused."""
        return self._first(paused, 1)

    def _first(self, paused: Collection[int], factor: int) -> Promotion | None:
        """The first paused one among the best 1/factor of its rung, from the highest rung down."""
        waiting = set(paused)
        for epoch, rung in sorted(self._rungs.items(), reverse=True):
            for number in rung.best(len(rung) // factor):
                if number in waiting:
                    rank = rung.rank(number)
                    return Promotion(number=number, rung=epoch, rank=rank, of=len(rung))
            waiting = {number for number in waiting if number not in rung}  # they are paused here
        return None

    def _best(self, rung: _Rung) -> list[int]:
        return rung.best(len(rung) // self._factor)
