"""The study in memory, and the sampler that learns from it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import optuna

from models.hyperparameters import Value
from tuner.record.events import (
    Event,
    TrialAsked,
    TrialEnded,
    TrialPaused,
    TrialPromoted,
    WarmStarted,
)
from tuner.space import Sampler
from tuner.space.conditions import drawn
from tuner.space.domains import Domain
from tuner.space.requirements import Meets
from tuner.study.choose_sampler import Turn, sampler_of_trial
from tuner.study.distributions import distribution
from tuner.study.optuna_copy import OptunaCopy
from tuner.study.sampler_window import Rank, SamplerWindow, rank
from tuner.study.samplers_view import SamplersView, view_of
from tuner.study.study_file import ToldTrial

_GP_AT_MOST = 300  # trials: its time grows with the third power of their number
_KEEPS_STATE = "cmaes"  # with the trials that it has suggested


class Suggestions:
    """Asks the sampler for hyperparameters, in the light of the events taken in so far.

    The same events and questions in the same order give the same suggestions.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain],
        sampler: Sampler,
        objective: str,
        meets: Meets | None = None,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._domains, self._settings, self._meets = domains, sampler, meets
        self._distributions = {name: distribution(domain) for name, domain in domains.items()}
        most = sampler.considered_trials
        self._window = SamplerWindow(min(most, _GP_AT_MOST) if sampler.name == "gp" else most)
        self._storage = SamplersView(self._window, view_of(sampler.name, self._distributions))
        self._study = optuna.create_study(storage=self._storage, direction="maximize")
        self._copy = OptunaCopy(self._storage, self._distributions, objective)
        self._suggested = 0
        self._warm_starts: list[WarmStarted] = []

    def ask(self, number: int) -> dict[str, Value]:
        """Suggest values for the active of the searched hyperparameters of trial `number`.

        The sampler is made anew for each, so that what it draws depends on the trials told so far.
        """
        turn = Turn(
            number=number,
            nth=self._suggested,
            ended=self._window.ended + len(self._storage.known),
            known=self._storage.known_as_seen(),
        )
        self._study.sampler = sampler_of_trial(self._settings, turn, self._domains, self._meets)
        with _fixed_sums(self._settings.name):
            trial = self._study.ask()
            found = drawn(
                self._domains, lambda name: trial._suggest(name, self._distributions[name])
            )
        if trial.number != number:
            raise RuntimeError(f"Optuna numbered trial {number} as {trial.number}")
        self._copy.held.append(ToldTrial(trial._trial_id, {}, False))
        self._suggested += 1
        return found

    def take(self, event: Event) -> None:
        """Go on by one event; one already taken in changes nothing."""
        match event:
            case TrialAsked() if event.trial == len(self._copy.held):
                self._told(event)
            case WarmStarted() if event not in self._warm_starts:
                self._warm_starts.append(event)
                self._storage.know(event.trials, self._distributions)
        self._copy.apply(event)
        self._consider(event)

    def _told(self, event: TrialAsked) -> None:
        """A suggestion of an earlier driver. A sampler that keeps a state with what it suggests is
        asked again, which brings it to where it was; what was recorded holds.
        """
        if not event.suggested:
            return
        if self._settings.name == _KEEPS_STATE:
            self._correct(event.trial, self.ask(event.trial), event.searched)
        else:
            self._suggested += 1

    def _correct(
        self, number: int, suggested: Mapping[str, Value], recorded: Mapping[str, Value]
    ) -> None:
        """Another version of Optuna may have drawn something else."""
        for name, value in recorded.items():
            if suggested.get(name) != value:
                each, told = self._distributions[name], self._copy.held[number]
                self._storage.set_trial_param(
                    told.trial_id, name, each.to_internal_repr(value), each
                )

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
        return rank(state, list(self._copy.held[number].values.items()))


def _fixed_sums(sampler: str) -> AbstractContextManager[None]:
    """Where a sampler's sums would depend on the number of threads, one thread."""
    if sampler != "gp":
        return nullcontext()
    from tuner.threads import one_thread  # noqa: PLC0415 - torch

    return one_thread()
