"""What to try next: what is known to be good first, then what the sampler suggests.

That is the detector's published sets, then the best configurations of the runs of a warm start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models import detectors
from models.hyperparameters import Value
from tuner.space import Space, published_trials
from tuner.space.conditions import inactive
from tuner.space.domains import Choice, Domain, Log, LogInt
from tuner.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A trial's hyperparameters: all of them, and those among them that the space searches.

    Those that it searches in other trials alone are `inactive`, and have the detector's default.
    """

    published: str | None = None
    taken_from: str | None = None
    searched: Mapping[str, Value]
    hyperparameters: Mapping[str, Value]
    inactive: Sequence[str] = ()


class Proposals:
    """Trial numbers to proposals; only asked trials reach the sampler.

    `known` are those of the first trials, where another search has made them.
    """

    def __init__(self, space: Space, study: Study, known: Sequence[Proposal] = ()) -> None:
        self._known = known
        self._space = space
        self._study = study
        self._published = published_trials(space)

    def make(self, number: int) -> Proposal:
        """Propose trial `number`, the next after all that the study holds."""
        if number < len(self._known):
            return self._known[number]
        if number < len(self._published):
            name = self._published[number]
            return self._from_published(name, detectors.published(self._space.detector)[name])
        taken = self._study.taken[number - len(self._published) :]
        searched = taken[0].best if taken else self._study.ask(number)
        hyperparameters = self._resolve(searched)
        return Proposal(
            taken_from=taken[0].run if taken else None,
            searched=searched,
            hyperparameters=hyperparameters,
            inactive=inactive(self._space.search, hyperparameters),
        )

    def _from_published(self, name: str, values: Mapping[str, Value]) -> Proposal:
        """A published set is tried as published, whatever the space searches or fixes.

        Optuna takes a number outside its range as it is, but for one without a logarithm, which it
        is told as the lowest of the range; a choice it does not know cannot be told to it. A choice
        that the set does not name takes the first allowed value where the detector's default is not
        allowed, so that a search of widths compares like with like. Of what is inactive by the
        set's own values Optuna is told nothing.
        """
        choices = {
            key: domain.values
            for key, domain in self._space.search.items()
            if isinstance(domain, Choice)
        }
        unnamed = {
            key: allowed[0]
            for key, allowed in choices.items()
            if key not in values and self._resolve({})[key] not in allowed
        }
        hyperparameters = self._resolve({**unnamed, **values})
        unused = inactive(self._space.search, hyperparameters)
        searched = {
            key: _with_logarithm(domain, hyperparameters[key])
            for key, domain in self._space.search.items()
            if key not in unused
            and hyperparameters[key] in choices.get(key, (hyperparameters[key],))
        }
        return Proposal(
            published=name,
            searched=searched,
            hyperparameters=hyperparameters,
            inactive=unused,
        )

    def _resolve(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return detectors.resolve(self._space.detector, {**self._space.fixed, **values})


def _with_logarithm(domain: Domain, value: Value) -> Value:
    if isinstance(domain, Log | LogInt) and float(value) <= 0:
        return domain.low
    return value
