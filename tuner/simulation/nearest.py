"""Which of some configurations is nearest to another: distances in the unit cube of a space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.hyperparameters import Value
from tuner.space.domains import Choice, Domain, Log, LogInt


@dataclass(frozen=True, kw_only=True)
class Found:
    """The nearest configuration, the `nth` of those given, and how far away it is."""

    nth: int
    distance: float


class Nearest:
    """Looks configurations up by what is searched.

    Each range is as long as 1, of a logarithmic one in logarithms; two values of a choice are 1
    apart, and so are two values of what is not searched, as published sets have them. Of equally
    near ones that with the seed asked for is taken, else the first.
    """

    def __init__(
        self,
        search: Mapping[str, Domain],
        configurations: Sequence[Mapping[str, Value]],
        seeds: Sequence[int],
    ) -> None:
        self._ranges = {
            name: domain for name, domain in search.items() if not isinstance(domain, Choice)
        }
        self._places = np.array([self._place(each) for each in configurations], float)
        self._places = self._places.reshape(len(configurations), len(self._ranges))
        self._alike = _Codes([self._others(each) for each in configurations])
        self._seeds = seeds
        self._known: dict[tuple[object, ...], Found] = {}

    def of(self, hyperparameters: Mapping[str, Value], seed: int) -> Found:
        """The nearest configuration to this one."""
        key = (seed, *sorted(hyperparameters.items()))
        if key not in self._known:
            self._known[key] = self._look_up(hyperparameters, seed)
        return self._known[key]

    def _look_up(self, hyperparameters: Mapping[str, Value], seed: int) -> Found:
        squares = ((self._places - self._place(hyperparameters)) ** 2).sum(axis=1)
        squares += self._alike.differing(self._others(hyperparameters))
        nearest = np.flatnonzero(squares == squares.min())
        of_seed = (nth for nth in map(int, nearest) if self._seeds[nth] == seed)
        nth = next(of_seed, int(nearest[0]))
        return Found(nth=nth, distance=math.sqrt(squares[nth]))

    def _place(self, hyperparameters: Mapping[str, Value]) -> list[float]:
        return [_of_range(domain, hyperparameters[name]) for name, domain in self._ranges.items()]

    def _others(self, hyperparameters: Mapping[str, Value]) -> dict[str, Value]:
        return {name: value for name, value in hyperparameters.items() if name not in self._ranges}


def _of_range(domain: Domain, value: Value) -> float:
    """Where in its range a value lies, from 0 to 1; a published one may lie outside."""
    assert not isinstance(domain, Choice), "it has no order"
    low, high, at = float(domain.low), float(domain.high), float(value)
    if isinstance(domain, Log | LogInt):
        low, high, at = math.log(low), math.log(high), math.log(at if at > 0 else low)
    return (at - low) / (high - low)


_LACKING, _NEW = -1, -2


class _Codes:
    """A number for each value of each name, so that thousands are compared at once."""

    def __init__(self, configurations: Sequence[Mapping[str, Value]]) -> None:
        self._known: dict[str, dict[Value, int]] = {}
        for each in configurations:
            for name, value in each.items():
                values = self._known.setdefault(name, {})
                values.setdefault(value, len(values))
        self._codes = np.array([self._of(each) for each in configurations], int)
        self._codes = self._codes.reshape(len(configurations), len(self._known))

    def differing(self, other: Mapping[str, Value]) -> NDArray[np.int64]:
        """In how many values each differs from another; what one of two lacks counts as equal."""
        codes = np.array(self._of(other), int)
        both = (self._codes != _LACKING) & (codes != _LACKING)
        return np.asarray((both & (self._codes != codes)).sum(axis=1))

    def _of(self, configuration: Mapping[str, Value]) -> list[int]:
        return [
            values.get(configuration[name], _NEW) if name in configuration else _LACKING
            for name, values in self._known.items()
        ]
