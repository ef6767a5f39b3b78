"""Curves that were recorded in part, with a guess of what comes after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tuner.objectives import METRICS
from tuner.record.trials import EpochRow, TrialView
from tuner.simulation.recorded import RecordedCurves
from tuner.space import Space

BEYOND = "not recorded"
"""The worker of epochs that nobody trained."""
Guess = Literal["flat", "steep"]
_AREAS = ("auroc", "auprc")


class OpenCurves(RecordedCurves):
    """Goes on where a record ends: `flat` with the last values, or as `steep` as any on record.

    Of a stage that a trial has not reached it has the lowest or the highest values on record. Such
    epochs take as long as recorded ones of their stage.
    """

    def __init__(self, space: Space, trials: Sequence[TrialView], guess: Guess) -> None:
        super().__init__(space, trials)
        self._guess = guess
        longest = max((trial.rows for trial in trials), key=len, default=())
        self._stages = [row.stage for row in longest]

    def _beyond(self, trial: TrialView, epoch: int) -> EpochRow:
        stage = self._stages[min(epoch, len(self._stages)) - 1] if self._stages else ""
        return EpochRow(
            epoch=epoch,
            metrics={name: value for name in METRICS for value in self._value(name, trial, epoch)},
            losses={},
            seconds=self._seconds(trial, stage),
            worker=BEYOND,
            stage=stage,
        )

    def _value(self, metric: str, trial: TrialView, epoch: int) -> Iterator[float]:
        """The guess of a metric, if it is on record."""
        deepest = min(epoch, len(self._stages))
        there = [_best(each, metric, deepest) for each in self._trials if each.epochs >= deepest]
        before = _best(trial, metric, trial.epochs)
        at = trial.rows[-1].metrics.get(metric) if trial.rows else None
        if at is not None and before is not None and self._is_of(trial, deepest):
            yield (
                at if self._guess == "flat" else before + self._most_gained(metric, trial, deepest)
            )
        elif known := [value for value in there if value is not None]:
            yield min(known) if self._guess == "flat" else max(known)

    def _is_of(self, trial: TrialView, epoch: int) -> bool:
        """Whether the trial has been trained in the stage of this epoch."""
        return trial.rows[-1].stage == self._stages[epoch - 1]

    def _most_gained(self, metric: str, trial: TrialView, epoch: int) -> float:
        """The most that any trial gained from where this one's record ends; an area ends at 1."""
        gains = [
            after - before
            for each in self._trials
            if each.epochs >= epoch
            if (before := _best(each, metric, trial.epochs)) is not None
            if (after := _best(each, metric, epoch)) is not None
        ]
        most = max(gains, default=0.0)
        if metric not in _AREAS:
            return most
        return min(most, max(0.0, 1.0 - (_best(trial, metric, trial.epochs) or 0.0)))

    def _seconds(self, trial: TrialView, stage: str) -> float:
        own = [row.seconds for row in trial.rows if row.stage == stage]
        others = [row.seconds for each in self._trials for row in each.rows if row.stage == stage]
        known = own or others
        return sum(known) / len(known) if known else 0.0


def _best(trial: TrialView, metric: str, epoch: int) -> float | None:
    """The best value up to an epoch, of that epoch's stage."""
    rows = trial.rows[:epoch]
    return max(
        (
            row.metrics[metric]
            for row in rows
            if row.stage == rows[-1].stage and metric in row.metrics
        ),
        default=None,
    )
