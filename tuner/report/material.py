"""All that a report is computed from, read once: the record and, where there is one, the retrain's.

Nothing is measured here. What several sections need is worked out here, once.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tuner.errors import TunerError
from tuner.figures.metrics import Metrics
from tuner.objectives import metric_of
from tuner.record.compatibility import recorded_space
from tuner.record.events import DriverStarted, Event
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.report.importance import Compared, Importance, compared, importance
from tuner.results.leaderboard import Standing, rank
from tuner.results.standard_errors import with_standard_errors
from tuner.space import Space


@dataclass(frozen=True, kw_only=True)
class Material:
    """A search as its record tells of it; `metrics` are those of its retrain, None without one."""

    folder: RunFolder
    space: Space
    events: Sequence[Event]
    history: History
    metrics: Metrics | None

    @cached_property
    def trials(self) -> list[TrialView]:
        """All trials, by number, their AUROCs with standard errors."""
        return with_standard_errors(self.history.by_number, self.space, self.folder)

    @cached_property
    def ranking(self) -> list[Standing]:
        """The trials that have a place, best first."""
        return rank(self.trials, self.space.objective)

    @property
    def finished(self) -> bool:
        """Whether the search has nothing left to do."""
        return self.history.is_over(self.space.trials)

    @property
    def synthetic(self) -> bool:
        """Whether validation's anomalies were made."""
        return self.space.data.validation == "synthetic"

    @property
    def metric(self) -> str:
        """The metric behind the objective."""
        return metric_of(self.space.objective)

    @property
    def metric_title(self) -> str:
        """What the axes of its values are called."""
        where = "on synthetic anomalies" if self.synthetic else "on validation"
        return f"{self.metric.upper()} {where}"

    @cached_property
    def moments(self) -> list[float]:
        """When each event was, in seconds of search: the time without a driver is left out."""
        found, passed, last = [], 0.0, None
        for event in self.events:
            if last is not None and not isinstance(event, DriverStarted):
                passed += max(0.0, event.time - last)
            last = event.time
            found.append(passed)
        return found

    @cached_property
    def _times(self) -> list[float]:
        return [event.time for event in self.events]

    def moment(self, time: float) -> float:
        """The second of search of something that was recorded at that time."""
        place = bisect_right(self._times, time) - 1
        return self.moments[max(0, place)] if self.moments else 0.0

    def curve(self, trial: TrialView) -> list[tuple[int, float]]:
        """The epochs of a trial with their values, those that are finite."""
        pairs = ((row.epoch, row.metrics.get(self.metric, math.nan)) for row in trial.rows)
        return [(epoch, value) for epoch, value in pairs if math.isfinite(value)]

    @cached_property
    def compared(self) -> Compared:
        """The trials by their values at one epoch that most have reached."""
        return compared(self.space, [one.trial for one in self.ranking])

    @cached_property
    def importance(self) -> Importance | None:
        """How much each searched hyperparameter matters, None where that cannot be told."""
        return importance(self.space.search, self.compared)

    @cached_property
    def searched(self) -> list[str]:
        """The searched hyperparameters, the most important first."""
        names = list(self.space.search)
        if self.importance is None:
            return names
        return sorted(names, key=lambda name: -self.importance.mean.get(name, 0.0))  # type: ignore[union-attr]


def read_material(folder: RunFolder) -> Material:
    """Read a run. Raises TunerError where there is none, or what is there cannot be read."""
    space = recorded_space(folder)
    if space is None:
        raise TunerError(f"--run: {folder} holds no search, it has no {folder.space.name}")
    events = read_journal(folder.journal)
    return Material(
        folder=folder,
        space=space,
        events=events,
        history=History(events),
        metrics=_metrics(folder),
    )


def _metrics(folder: RunFolder) -> Metrics | None:
    if not folder.metrics.exists():
        return None
    try:
        metrics: Metrics = json.loads(folder.metrics.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TunerError(
            f"{folder.metrics} cannot be read: {error}; python -m tuner.retrain writes it anew"
        ) from error
    return metrics


def settings_of(trial: TrialView, names: Sequence[str]) -> Mapping[str, object]:
    """Of a trial's hyperparameters those that are asked for and that it has."""
    return {name: trial.hyperparameters[name] for name in names if name in trial.hyperparameters}
