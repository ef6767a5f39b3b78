"""The study in memory, where the sampler reads it."""

import copy
from collections.abc import Callable, Container, Mapping, Sequence

from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.record.events import KnownTrial
from tuner.study.distributions import is_within
from tuner.study.sampler_window import Rank, SamplerWindow, rank

View = Callable[[Sequence[FrozenTrial]], Sequence[FrozenTrial]]
"""Trials as a sampler is shown them."""


def view_of(sampler: str, distributions: Mapping[str, BaseDistribution]) -> View | None:
    """How a sampler must be shown the trials; None for as they are."""
    match sampler:
        case "gp":
            return lambda trials: _as_complete(
                [each for each in trials if _lies_within(each, distributions)]
            )
        case "cmaes":
            return _as_complete
    return None


class SamplersView(InMemoryStorage):
    """The study in memory, of which the sampler sees the considered trials.

    Optuna knows no paused trial: in the study it is running, until the search is over or it goes on
    to its end. The sampler sees it as pruned, so that it learns from it.

    `known` are trials of other runs, the best first; they take the places that this search's own
    leave free.
    """

    def __init__(self, considered: SamplerWindow, view: View | None = None) -> None:
        super().__init__()
        self._window, self._view = considered, view
        self.known: list[FrozenTrial] = []

    def know(
        self, trials: Sequence[KnownTrial], distributions: Mapping[str, BaseDistribution]
    ) -> None:
        """Let the sampler see trials of another run: to it they are older than all of this one."""
        made = [known_trial(each, distributions) for each in trials]
        self.known = sorted([*self.known, *made], key=_place)
        for nth, trial in enumerate(self.known):
            trial.number = trial._trial_id = -1 - nth

    def known_as_seen(self) -> Sequence[FrozenTrial]:
        """The trials of other runs as the sampler sees them, but for how many."""
        return self.known if self._view is None else self._view(self.known)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As Optuna's own, but of the considered trials."""
        numbers, paused = self._window.numbers(), self._window.paused
        plain = self._view is None and numbers is None and not (paused or self.known)
        if states == (TrialState.WAITING,) or plain:
            return super().get_all_trials(study_id, deepcopy, states)
        trials = super().get_all_trials(study_id, deepcopy=False)
        chosen: Sequence[FrozenTrial] = [
            _as_pruned(trials[number]) if number in paused else trials[number]
            for number in (range(len(trials)) if numbers is None else numbers)
        ]
        chosen = [*self.known[: self._window.free], *chosen]
        if self._view is not None:
            chosen = self._view(chosen)
        if states is not None:
            chosen = [trial for trial in chosen if trial.state in states]
        return copy.deepcopy(list(chosen)) if deepcopy else list(chosen)


def known_trial(known: KnownTrial, distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
    """A trial of another run in Optuna's words."""
    complete = known.state == "complete"
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        value=known.value if complete else None,
        params=dict(known.searched),
        distributions={name: distributions[name] for name in known.searched},
        intermediate_values={} if known.value is None else {known.epochs: known.value},
    )


def _place(trial: FrozenTrial) -> Rank:
    state = "complete" if trial.state == TrialState.COMPLETE else "pruned"
    found = rank(state, list(trial.intermediate_values.items()))
    assert found is not None, "only failed trials have no rank"
    return found


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    """A paused trial for the sampler: its curve tells as much as that of one stopped there."""
    pruned = copy.copy(trial)
    pruned.state = TrialState.PRUNED
    return pruned


def _lies_within(trial: FrozenTrial, distributions: Mapping[str, BaseDistribution]) -> bool:
    """Whether a trial is of the searched space, which a published set need not be."""
    return is_within(trial.params, {name: distributions[name] for name in trial.params})


def _as_complete(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """For a sampler that learns from complete trials alone: most are stopped early, and what it
    does not see it would suggest again. One that diverged before its first value is the worst.
    """
    values = [value for trial in trials if (value := _last(trial)) is not None]
    lowest = min(values, default=0.0)
    return [_completed(trial, lowest) for trial in trials]


def _completed(trial: FrozenTrial, lowest: float) -> FrozenTrial:
    if trial.state != TrialState.PRUNED:
        return trial
    value = _last(trial)
    complete = copy.copy(trial)
    complete.state = TrialState.COMPLETE
    complete.value = lowest if value is None else value
    return complete


def _last(trial: FrozenTrial) -> float | None:
    """The value of the newest epoch."""
    if not trial.intermediate_values:
        return None
    return trial.intermediate_values[max(trial.intermediate_values)]
