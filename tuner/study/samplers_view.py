"""The study in memory, where the sampler reads it."""

import copy
from collections.abc import Container

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.study.sampler_window import SamplerWindow


class SamplersView(InMemoryStorage):
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
