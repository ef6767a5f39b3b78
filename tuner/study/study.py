"""Optuna's study of a search: who suggests, and the file for Optuna's own tools."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeGuard

from models.hyperparameters import Value
from tuner.record.events import Event, WarmStarted
from tuner.space import Sampler
from tuner.space.domains import Domain
from tuner.space.requirements import Meets
from tuner.study.distributions import distribution
from tuner.study.on_disk import open_on_disk
from tuner.study.suggestions import Suggestions


class Study:
    """Asks the sampler for hyperparameters and keeps Optuna's record of what came of them.

    Without a `path` it is in memory only. It begins with the journal's `events`. `about` are the
    attributes that the file gives the study; what is suggested `meets` what the space requires.
    `taken` are the warm starts whose best configuration
    is tried before the sampler is asked.

    Raises TunerError where the file cannot be written.
    """

    def __init__(  # noqa: PLR0913
        self,
        path: Path | None,
        domains: Mapping[str, Domain],
        sampler: Sampler,
        objective: str,
        events: Sequence[Event] = (),
        *,
        about: Mapping[str, object] = MappingProxyType({}),
        meets: Meets | None = None,
    ) -> None:
        self._suggestions = Suggestions(domains, sampler, objective, meets)
        self._untaken = list(events)
        self.taken = [event for event in events if _has_best(event)]
        distributions = {name: distribution(domain) for name, domain in domains.items()}
        self._file = path and open_on_disk(path, distributions, objective, events, about)

    def ask(self, number: int) -> dict[str, Value]:
        """Suggest values for the active of the searched hyperparameters of trial `number`.

        Raises TunerError where a package that the sampler needs is missing.
        """
        return self._up_to_date().ask(number)

    def apply(self, event: Event) -> None:
        """Bring study and file forward by one event; one already applied changes nothing."""
        if _has_best(event) and event not in self.taken:
            self.taken.append(event)
        self._untaken.append(event)  # until the sampler is asked: a search that is over asks none
        if self._file:
            self._file.apply(event)

    def close(self) -> None:
        """Let go of the database file."""
        if self._file:
            self._file.close()

    def _up_to_date(self) -> Suggestions:
        for event in self._untaken:
            self._suggestions.take(event)
        self._untaken.clear()
        return self._suggestions


def _has_best(event: Event) -> TypeGuard[WarmStarted]:
    return isinstance(event, WarmStarted) and bool(event.best)
