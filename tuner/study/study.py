"""Optuna's study: suggestions, and `study.db` as Optuna's own tools read it.

The study is kept twice: in memory, where the sampler reads it, and in `study.db`, where each event
is one transaction (Optuna's own `ask` would make a dozen). The file is for people, who see more in
it than the sampler needs: an epoch's own value where the sampler sees the best so far, and no value
outside its range, which would stretch every picture. Both are brought forward by the same journal
events, and applying an event again changes nothing, and a resume begins with the whole journal: a
file that tells anything else is made anew from it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import optuna

from models.hyperparameters import Value
from tuner.record.events import Event, TrialAsked, TrialEnded, TrialPaused, TrialPromoted
from tuner.space import Sampler
from tuner.space.domains import Domain
from tuner.study.distributions import distribution
from tuner.study.on_disk import open_on_disk
from tuner.study.optuna_copy import OptunaCopy
from tuner.study.sampler_window import Rank, SamplerWindow, rank
from tuner.study.samplers_view import SamplersView
from tuner.study.sampling import sampler_of_trial
from tuner.study.study_file import StudyFile, ToldTrial


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
        storage = SamplersView(self._window)
        self._study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
        self._in_memory = OptunaCopy(storage, self._distributions, objective)
        self._copies: list[OptunaCopy | StudyFile] = [self._in_memory]
        for event in events:
            self.apply(event)
        if path is not None:
            self._copies.append(open_on_disk(path, self._distributions, objective, events, about))

    def ask(self, number: int) -> dict[str, Value]:
        """Suggest values for all searched hyperparameters of trial `number`.

        The sampler is made anew for each, so that what it draws depends on the trials told so far.
        """
        self._study.sampler = sampler_of_trial(
            self._settings, number, self._window.ended, self._distributions
        )
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
