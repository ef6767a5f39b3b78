"""A sampler whose suggestions meet what the space requires: one that does not is drawn again."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from tuner.errors import TunerError
from tuner.seeds import derive
from tuner.space.conditions import drawn
from tuner.space.domains import Domain
from tuner.space.requirements import Meets
from tuner.study.distributions import distribution

_AGAIN = {"gp": 3, "qmc": 1, "grid": 1}  # with their own: each takes long, or is always the same
_OF_OTHERS, _AT_RANDOM = 20, 20_000

Seeded = Callable[[int], BaseSampler]
"""The sampler with a seed."""


class Requiring(BaseSampler):
    """Draws with a sampler until a suggestion meets what is required, then at random.

    Every draw has a seed of its own that follows from the first.
    """

    def __init__(
        self,
        name: str,
        seed: int,
        sampler: Seeded,
        domains: Mapping[str, Domain],
        meets: Meets,
    ) -> None:
        self._name, self._seed, self._sampler = name, seed, sampler
        self._domains, self._meets = domains, meets
        self._distributions = {name: distribution(domain) for name, domain in domains.items()}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All: what belongs together is judged together."""
        return self._distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A whole suggestion; TunerError where none is found."""
        for sampler in self._samplers():
            suggested = self._suggest(sampler, study, trial)
            if self._meets(suggested):
                return suggested
        raise TunerError(
            f"none of {_AT_RANDOM:,} configurations drawn for trial {trial.number} meets what the "
            "space requires: start another search that requires less, or searches where more meet "
            "it"
        )

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Of a value that is the only one."""
        return RandomSampler(seed=self._seed).sample_independent(
            study, trial, param_name, param_distribution
        )

    def _samplers(self) -> Iterator[BaseSampler]:
        for nth in range(_AGAIN.get(self._name, _OF_OTHERS)):
            yield self._sampler(derive(self._seed, "again", nth) if nth else self._seed)
        at_random = RandomSampler(seed=derive(self._seed, "at random", 0))
        for _ in range(_AT_RANDOM):
            yield at_random

    def _suggest(
        self, sampler: BaseSampler, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, Any]:
        space = sampler.infer_relative_search_space(study, trial)
        relative = sampler.sample_relative(study, trial, space)

        def one(name: str) -> Any:
            if name in relative:
                return relative[name]
            each = self._distributions[name]
            return sampler.sample_independent(study, trial, name, each)

        return drawn(self._domains, one)
