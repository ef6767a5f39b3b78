"""A copy of the study that Optuna itself writes."""

from collections.abc import Mapping
from datetime import datetime

from optuna.distributions import BaseDistribution
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from tuner.objectives import metric_of
from tuner.record.events import Event, TrialAsked, TrialEnded
from tuner.study.distributions import moved_within
from tuner.study.study_file import (
    CONSTRAINTS,
    METRIC_NAMES,
    NOT_KEPT,
    STATES,
    StudyCopy,
    ToldTrial,
    trial_attributes,
)


class OptunaCopy(StudyCopy):
    """The copy in one storage; nobody else writes to it.

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
        self._for_people = for_people
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
        let_go(self._storage)

    def _begin(self, event: TrialAsked) -> int:
        searched, outside = moved_within(event.searched, self._kept_within)
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

    def _say(self, trial_id: int, name: str, text: str) -> None:
        self._storage.set_trial_user_attr(trial_id, name, text)

    def _constrain(self, trial_id: int) -> None:
        if self._for_people:  # a sampler would begin to look at constraints
            self._storage.set_trial_system_attr(trial_id, CONSTRAINTS, NOT_KEPT)

    def _end(self, trial_id: int, event: TrialEnded, value: float | None) -> None:
        state = TrialState[STATES[event.state]]
        self._storage.set_trial_state_values(trial_id, state, None if value is None else [value])


def let_go(storage: BaseStorage) -> None:
    """Leave no connection open."""
    storage.remove_session()
    if isinstance(storage, RDBStorage):
        storage.engine.dispose()
