"""How much of its devices' time a search has used, and whether more of it may be given away."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.engine.early_stopping import rungs_of
from tuner.record.pack_names import is_pack
from tuner.record.trials import EpochRow, TrialView
from tuner.space import Space


class DeviceBudget:
    """Counts as `results.device_time` does, row by row; `limit_s` is None without a limit."""

    def __init__(self, space: Space, rows: Iterable[EpochRow] = ()) -> None:
        self.limit_s = space.budget.device_s
        self._stops = (*rungs_of(space), space.epochs)
        self._epochs = 0
        self._steps: set[tuple[str, float]] = set()
        self.used_s = 0.0
        for row in rows:
            self.take(row)

    def take(self, row: EpochRow) -> None:
        """Count an epoch; lanes that trained it together share its time."""
        self._epochs += 1
        step = (row.worker, row.seconds)
        if is_pack(row.worker):
            if step in self._steps:
                return
            self._steps.add(step)
        self.used_s += row.seconds

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left for the trials under way either."""
        return self.limit_s is not None and self.used_s >= self.limit_s

    def allows(self, epochs: int, running: Iterable[TrialView]) -> bool:
        """Whether a trial that has so many epochs comes to its next rung with what is left.

        What those `running` need to come to theirs is theirs. An epoch is reckoned with the mean of
        those before; before the first one everything is allowed.
        """
        if self.limit_s is None or not self._epochs:
            return not self.is_used_up
        ahead = sum(self._to_next_stop(trial.epochs) for trial in running)
        needed = (ahead + self._to_next_stop(epochs)) * self.used_s / self._epochs
        return self.used_s + needed <= self.limit_s

    def _to_next_stop(self, epochs: int) -> int:
        return min((stop for stop in self._stops if stop > epochs), default=epochs) - epochs
