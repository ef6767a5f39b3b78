"""Optuna's study: suggestions, and `study.db` as Optuna's own tools read it.

The only module that imports optuna. The study is kept twice: in memory, where the sampler reads
it, and in `study.db`, where each event is one transaction (Optuna's own `ask` would make a dozen).
The file is for people, who see more in it than the sampler needs: an epoch's own value where the
sampler sees the best so far, and no value outside its range, which would stretch every picture.
Both are brought forward by the same journal events, and applying an event again changes nothing,
and a resume begins with the whole journal: a file that tells anything else is made anew from it.
"""

import copy
import sqlite3
from collections.abc import Container, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import optuna
from optuna.distributions import (
    BaseDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from models.hyperparameters import Value
from tuner.cli.output import say
from tuner.errors import TunerError
from tuner.objectives import metric_of
from tuner.record.events import (
    Event,
    TrialAsked,
    TrialEnded,
    TrialPaused,
    TrialPromoted,
)
from tuner.seeds import derive
from tuner.space import Sampler
from tuner.space.domains import Choice, Domain, Int, Log, LogInt, Uniform
from tuner.study.sampler_window import Rank, SamplerWindow, rank
from tuner.study.study_file import (
    METRIC_NAMES,
    REVISION,
    STATES,
    Parameter,
    StudyCopy,
    StudyFile,
    ToldTrial,
    put_in_place,
    revision,
    trial_attributes,
)


class Study:
    """Asks the sampler for hyperparameters and keeps Optuna's record of what came of them.

    Without a `path` it is in memory only. It begins with the journal's `events`. `about` are the
    attributes that the file gives the study.

    Raises TunerError where the file cannot be written.
    """

    def __init__(
        self,
        path: Path | None,
        domains: Mapping[str, Domain],
        sampler: Sampler,
        objective: str,
        events: Sequence[Event] = (),
        *,
        about: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._distributions = {name: distribution(domain) for name, domain in domains.items()}
        self._settings = sampler
        name = path.parent.name if path else "in memory"
        self._window = SamplerWindow(sampler.considered_trials)
        storage = _SamplersView(self._window)
        self._study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
        self._in_memory = _Copy(storage, self._distributions, objective)
        self._copies: list[_Copy | StudyFile] = [self._in_memory]
        for event in events:
            self.apply(event)
        if path is not None:
            self._copies.append(_on_disk(path, self._distributions, objective, events, about))

    def ask(self, number: int) -> dict[str, Value]:
        """Suggest values for all searched hyperparameters of trial `number`.

        The sampler is made anew with a seed of its own for each trial, so that what it draws
        depends on the trials told so far and on nothing else in memory.
        """
        self._study.sampler = self._sampler(number)
        trial = self._study.ask(fixed_distributions=self._distributions)
        if trial.number != number:
            raise RuntimeError(f"Optuna numbered trial {number} as {trial.number}")
        self._in_memory.held.append(ToldTrial(trial._trial_id, {}, False))
        return dict(trial.params)

    def apply(self, event: Event) -> None:
        """Bring all copies forward by one journal event; one already applied changes nothing."""
        for each in self._copies:
            each.apply(event)
        self._consider(event)

    def close(self) -> None:
        """Let go of the database file."""
        for each in self._copies:
            each.close()

    def _sampler(self, number: int) -> optuna.samplers.BaseSampler:
        seed = derive(self._settings.seed, "sampler", number)
        if self._settings.name == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        learning = self._window.ended >= self._settings.startup_trials
        return _Tpe(self._distributions, seed, 0 if learning else self._settings.startup_trials)

    def _consider(self, event: Event) -> None:
        match event:
            case TrialAsked():
                self._window.start(event.trial)
            case TrialPaused():
                self._window.pause(event.trial, self._rank(event.trial, "pruned"))
            case TrialPromoted():
                self._window.go_on(event.trial)
            case TrialEnded():
                self._window.go_on(event.trial)  # if it was paused
                self._window.end(event.trial, self._rank(event.trial, event.state))

    def _rank(self, number: int, state: str) -> Rank | None:
        return rank(state, list(self._in_memory.held[number].values.items()))


class _Tpe(optuna.samplers.TPESampler):
    """Multivariate TPE that knows its search space instead of comparing that of all trials."""

    def __init__(
        self, distributions: Mapping[str, BaseDistribution], seed: int, startup_trials: int
    ) -> None:
        super().__init__(
            seed=seed, n_startup_trials=startup_trials, multivariate=True, constant_liar=True
        )
        self._distributions = distributions

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What every trial so far has, by name; a published set may lack a choice it cannot tell.

        Optuna finds the same by comparing ten distributions of each trial, half the time of a
        suggestion.
        """
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        trials = study.get_trials(deepcopy=False, states=states)
        if not trials:
            return {}
        names = set(self._distributions).intersection(*(each.params for each in trials))
        return {
            name: self._distributions[name]
            for name in sorted(names)
            if not self._distributions[name].single()
        }


class _SamplersView(InMemoryStorage):
    """The study in memory, of which the sampler sees the considered trials.

    Optuna knows no paused trial: in the study it is running, until the search is over or it goes on
    to its end. The sampler sees it as pruned, so that it learns from it.
    """

    def __init__(self, considered: SamplerWindow) -> None:
        super().__init__()
        self._window = considered

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As Optuna's own, but of the considered trials."""
        numbers, paused = self._window.numbers(), self._window.paused
        if states == (TrialState.WAITING,) or (numbers is None and not paused):
            return super().get_all_trials(study_id, deepcopy, states)
        trials = super().get_all_trials(study_id, deepcopy=False)
        chosen = [
            _as_pruned(trials[number]) if number in paused else trials[number]
            for number in (range(len(trials)) if numbers is None else numbers)
        ]
        if states is not None:
            chosen = [trial for trial in chosen if trial.state in states]
        return copy.deepcopy(chosen) if deepcopy else chosen


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    """A paused trial for the sampler: its curve tells as much as that of one stopped there."""
    pruned = copy.copy(trial)
    pruned.state = TrialState.PRUNED
    return pruned


class _Copy(StudyCopy):
    """One storage's copy of the study; nobody else writes to it.

    `for_people` it is the file's, else the sampler's.
    """

    def __init__(
        self,
        storage: BaseStorage,
        distributions: Mapping[str, BaseDistribution],
        objective: str,
        *,
        for_people: bool = False,
    ) -> None:
        self._storage = storage
        (study,) = storage.get_all_studies()
        self._study_id = study._study_id
        self._distributions = distributions
        held = [
            ToldTrial(trial._trial_id, dict(trial.intermediate_values), trial.state.is_finished())
            for trial in storage.get_all_trials(self._study_id, deepcopy=False)
        ]
        self._kept_within = distributions if for_people else {}
        super().__init__(objective, metric_of(objective) if for_people else objective, held)

    def apply(self, *events: Event) -> None:
        """Bring the copy forward; raises OSError where the storage cannot be written."""
        try:
            for event in events:
                self.take(event)
        except (StorageInternalError, SQLAlchemyError) as error:
            raise OSError(str(error)) from error

    def describe(self, about: Mapping[str, object], objective: str) -> None:
        """Say what the study is about and what its value is called."""
        for name, fact in about.items():
            self._storage.set_study_user_attr(self._study_id, name, fact)
        self._storage.set_study_system_attr(self._study_id, METRIC_NAMES, [objective])

    def close(self) -> None:
        """Let go of the storage."""
        _let_go(self._storage)

    def _begin(self, event: TrialAsked) -> int:
        searched, outside = within(event.searched, self._kept_within)
        template = FrozenTrial(
            number=event.trial,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=datetime.fromtimestamp(event.time),
            datetime_complete=None,
            params=searched,
            distributions={name: self._distributions[name] for name in searched},
            user_attrs=trial_attributes(event.published, outside),
            system_attrs={},
            intermediate_values={},
            trial_id=-1,
        )
        return self._storage.create_new_trial(self._study_id, template_trial=template)

    def _set_value(self, trial_id: int, epoch: int, value: float) -> None:
        self._storage.set_trial_intermediate_value(trial_id, epoch, value)

    def _end(self, trial_id: int, event: TrialEnded, value: float | None) -> None:
        if event.reason:
            self._storage.set_trial_user_attr(trial_id, "reason", event.reason)
        state = TrialState[STATES[event.state]]
        self._storage.set_trial_state_values(trial_id, state, None if value is None else [value])


def within(
    searched: Mapping[str, Value], distributions: Mapping[str, BaseDistribution]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The values, each at the nearest end of its range, and those of them that lay outside."""
    nearest = {name: _nearest(distributions.get(name), value) for name, value in searched.items()}
    return nearest, {name: value for name, value in searched.items() if nearest[name] != value}


def _nearest(distribution: BaseDistribution | None, value: Value) -> Value:
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return min(max(value, distribution.low), distribution.high)
    return value


def distribution(domain: Domain) -> BaseDistribution:
    """Optuna's word for a domain of the space."""
    match domain:
        case Uniform():
            return optuna.distributions.FloatDistribution(domain.low, domain.high)
        case Log():
            return optuna.distributions.FloatDistribution(domain.low, domain.high, log=True)
        case Int():
            return optuna.distributions.IntDistribution(domain.low, domain.high)
        case LogInt():
            return optuna.distributions.IntDistribution(domain.low, domain.high, log=True)
        case Choice():
            return optuna.distributions.CategoricalDistribution(domain.values)


def importances(
    domains: Mapping[str, Domain],
    settings: Sequence[Mapping[str, Value]],
    values: Sequence[float],
    seed: int,
) -> dict[str, float]:
    """The share of the variance of `values` that is each hyperparameter's, by Optuna's fANOVA.

    Settings outside their domain, as a published set's may be, are left out. Empty where the
    values do not vary.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: distribution(domain) for name, domain in domains.items()}
    study = optuna.create_study(direction="maximize")
    for setting, value in zip(settings, values, strict=True):
        if _within(setting, distributions):
            study.add_trial(
                optuna.trial.create_trial(
                    params=dict(setting), distributions=distributions, value=value
                )
            )
    if len({trial.value for trial in study.get_trials(deepcopy=False)}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, max_depth=16, seed=seed)
    try:
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except RuntimeError:  # no tree has found any variance to share out
        return {}
    return {name: float(found.get(name, 0.0)) for name in domains}


def _within(setting: Mapping[str, Value], distributions: Mapping[str, BaseDistribution]) -> bool:
    try:
        return all(
            each._contains(each.to_internal_repr(setting[name]))
            for name, each in distributions.items()
        )
    except ValueError:  # a choice that is none of its values
        return False


def _on_disk(
    path: Path,
    distributions: Mapping[str, BaseDistribution],
    objective: str,
    events: Sequence[Event],
    about: Mapping[str, object],
) -> "StudyFile | _Copy":
    """Open the file at `path`; one that tells anything else than `events` is replaced first.

    The file that is there is only read: who has it open goes on with it, and whatever is wrong with
    it, the one made beside it is sound.
    """
    try:
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            draft = Path(scratch) / path.name
            _make(draft, path.parent.name)
            with closing(_opened(draft, distributions, objective)) as made:
                made.apply(*events)
            wrong = put_in_place(draft, path)
        opened = _opened(path, distributions, objective)
        opened.apply(*events)  # which it has: what it does not hold follows from them
        opened.describe({**about, "epoch values": metric_of(objective)}, objective)
    except (OSError, sqlite3.Error, SQLAlchemyError, StorageInternalError) as error:
        reason = str(error).partition("\n")[0]
        text = f"{path} cannot be written: {reason}; free the disk, then --resume"
        raise TunerError(text) from error
    if wrong and events:
        say(f"{path.name} {wrong}: made anew from the journal.")
    return opened


def _make(path: Path, name: str) -> None:
    """Let Optuna make an empty study, in tables that it alone knows how to make."""
    storage = RDBStorage(_url(path))
    optuna.create_study(storage=storage, study_name=name, direction="maximize")
    _let_go(storage)


def _url(path: Path) -> str:
    """The file's address, in which a path may have any letters."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _opened(
    path: Path, distributions: Mapping[str, BaseDistribution], objective: str
) -> "StudyFile | _Copy":
    """Open a study's file, for our own writing if its tables are known, else for Optuna's."""
    if revision(path) != REVISION:
        storage = RDBStorage(_url(path))
        return _Copy(storage, distributions, objective, for_people=True)
    parameters = {
        parameter: Parameter(
            distribution=distribution_to_json(each), as_number=each.to_internal_repr
        )
        for parameter, each in distributions.items()
    }
    return StudyFile(path, parameters, objective, lambda values: within(values, distributions))


def _let_go(storage: BaseStorage) -> None:
    storage.remove_session()
    if isinstance(storage, RDBStorage):
        storage.engine.dispose()
