"""All that a report is computed from, read once: the record and, where there is one, the retrain's.

Nothing is measured here. What several sections need is worked out here, once.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.hyperparameters import Value
from tuner.cli.text import INACTIVE, setting_text
from tuner.errors import TunerError
from tuner.figures.metrics import Metrics, read_metrics
from tuner.objectives import metric_of
from tuner.record.compatibility import check_space, recorded_space, space_missing
from tuner.record.events import Event
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import starting
from tuner.record.own_files import is_own_file
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.report.importance import Compared, Importance, compared, importance
from tuner.report.retrained import other_than_best
from tuner.results.curves import curve_points
from tuner.results.leaderboard import Gain, Standing, best_published, gain, rank
from tuner.results.standard_errors import with_standard_errors
from tuner.space import Space


@dataclass(frozen=True, kw_only=True)
class Material:
    """A search as its record tells of it; `metrics` are those of its retrain, None without one.

    `moments` are those of the events, in seconds of search: time without a driver is left out.
    It is `under_way` where another process may write to it: no command on it is named.
    """

    folder: RunFolder
    under_way: bool
    space: Space
    events: Sequence[Event]
    moments: Sequence[float]
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

    @cached_property
    def gain(self) -> Gain | str:
        """The gain over the published sets on validation, or why there is none."""
        return gain(self.trials, self.space.objective)

    @cached_property
    def published(self) -> Standing | None:
        """The best of the published sets."""
        return best_published(self.trials, self.space.objective)

    @cached_property
    def other(self) -> str:
        """What the retrain was of where that is not the best: "trial 3"; "" where it is."""
        if self.metrics is None:
            return ""
        return other_than_best(self.metrics, self.space, [one.trial for one in self.ranking])

    @property
    def chosen(self) -> str:
        """The trial that a retrain has chosen among the best, where it is not the first of them."""
        choice = (self.metrics or {}).get("chosen_among")
        is_of_it = choice is not None and self.other == f"trial {choice['chosen']}"
        return self.other if is_of_it else ""

    @property
    def retrained(self) -> Metrics | None:
        """The figures of a retrain of the best itself, or of what it has chosen among the best."""
        return self.metrics if self.chosen or not self.other else None

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
    def _times(self) -> list[float]:
        return [event.time for event in self.events]

    def moment(self, time: float) -> float:
        """The second of search of something that was recorded at that time."""
        place = bisect_right(self._times, time) - 1
        return self.moments[max(0, place)] if self.moments else 0.0

    def curve(self, trial: TrialView) -> list[tuple[int, float]]:
        """The epochs of a trial with their values, those that are finite."""
        return curve_points(trial, self.metric)

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


def values_of(trials: Sequence[TrialView], name: str) -> list[Value]:
    """All values that trials have of a hyperparameter where it is active."""
    return [each.settings[name] for each in trials if name in each.settings]


def read_material(folder: RunFolder, *, under_way: bool = False) -> Material:
    """Read a run, perhaps one that another process drives, and perhaps a copy of its record.

    Raises TunerError where there is none, or what is there cannot be read or is of another run.
    """
    events, history, moments = read_journal(folder.journal), History(), []
    for event in events:
        history.apply(event)
        moments.append(history.seconds)
    if not events:
        raise _nothing(folder)
    if is_own_file(folder.space):
        check_space(history, folder)
    space = recorded_space(folder)
    if space is None:
        raise space_missing(folder)
    return Material(
        folder=folder,
        under_way=under_way,
        space=space,
        events=events,
        moments=moments,
        history=history,
        metrics=read_metrics(folder.metrics),
    )


def _nothing(folder: RunFolder) -> TunerError:
    """What is wrong with a folder that has no event."""
    if said := starting(folder):
        return TunerError(said)
    if not is_own_file(folder.space):
        return TunerError(f"--run: {folder} holds no search, it has no {folder.space.name}")
    return TunerError(
        f"{folder.journal} {'holds no event' if folder.journal.exists() else 'is missing'}: "
        "there is nothing to report of. Bring the file back from a copy."
    )


def of_other(material: Material) -> str:
    """What stands behind the model's name where it is not that of the best trial."""
    if material.chosen:
        return f" ({material.chosen}, chosen among the best)"
    return f" ({material.other}, not the best trial)" if material.other else ""


def setting_texts(trial: TrialView, names: Sequence[str]) -> Mapping[str, str]:
    """Of a trial's hyperparameters those that are asked for and that it has, in words."""
    return {
        name: setting_text(trial.settings.get(name, INACTIVE))
        for name in names
        if name in trial.hyperparameters
    }
