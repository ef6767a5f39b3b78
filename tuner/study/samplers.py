"""Optuna's samplers, each told what it would otherwise look up or remember.

Optuna finds the space that is searched by comparing the distributions of all trials, and keeps how
far a sequence has come beside the study. Here the space is known, and the place in a sequence
follows from the record.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from models.hyperparameters import Value
from tuner.space.conditions import combinations
from tuner.space.domains import AnyDomain, Domain
from tuner.space.requirements import Meets
from tuner.space.samplers import MOST_COMBINATIONS

_LEAST_SOURCES = 10  # of which a tenth is one
_TOLD = (TrialState.COMPLETE, TrialState.PRUNED)


class Tpe(optuna.samplers.TPESampler):
    """Multivariate TPE."""

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
        """What every trial so far has, which takes Optuna half the time of a suggestion."""
        return _of_all_trials(study, self._distributions)


class GroupedTpe(Tpe):
    """Multivariate TPE of a space whose trials have different hyperparameters.

    Those that stand in the same trials are suggested together, as Optuna's `group=True` does. It
    would remember with a trial what it suggested for the inactive ones, of which a record knows
    nothing.
    """

    _groups: Sequence[dict[str, BaseDistribution]] = ()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What any trial so far has."""
        trials = study.get_trials(deepcopy=False, states=_TOLD)
        self._groups = _groups({frozenset(each.params) for each in trials}, self._distributions)
        return {name: each for group in self._groups for name, each in group.items()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Of each group by itself, by the trials that have it."""
        suggested: dict[str, Any] = {}
        for group in self._groups:
            suggested |= self._sample_relative(study, trial, group)
        return suggested


class Gp(optuna.samplers.GPSampler):
    """A Gaussian process with expected improvement, once there are trials to learn from."""

    def __init__(self, distributions: Mapping[str, BaseDistribution], seed: int) -> None:
        super().__init__(seed=seed, n_startup_trials=1, warn_independent_sampling=False)
        self._distributions = distributions

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What every trial so far has."""
        return _of_all_trials(study, self._distributions)


class CmaEs(optuna.samplers.CmaEsSampler):
    """CMA-ES on the ranges; choices are drawn at random.

    Where other runs' trials are known, it begins where the best tenth of them lies (WS-CMA-ES;
    Nomura et al., AAAI 2021), else in the middle.
    """

    def __init__(
        self,
        distributions: Mapping[str, BaseDistribution],
        seed: int,
        known: Sequence[FrozenTrial],
    ) -> None:
        ranges = self._ranges = {
            name: each
            for name, each in sorted(distributions.items())
            if not isinstance(each, CategoricalDistribution)
        }
        sources = [
            _of_ranges(each, ranges) for each in known if ranges.keys() <= each.params.keys()
        ]
        super().__init__(
            seed=seed,
            n_startup_trials=0,
            warn_independent_sampling=False,
            source_trials=sources if len(sources) >= _LEAST_SOURCES else None,
        )

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The ranges that every trial has."""
        return self._ranges


class Sobol(optuna.samplers.QMCSampler):
    """The scrambled Sobol' sequence of the search, at its `nth` point."""

    def __init__(self, distributions: Mapping[str, BaseDistribution], seed: int, nth: int) -> None:
        super().__init__(seed=seed, scramble=True, warn_independent_sampling=False)
        self._distributions = {
            name: each for name, each in sorted(distributions.items()) if not each.single()
        }
        self._nth = nth

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All that is searched, from the first trial on."""
        return self._distributions

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return self._nth


class Grid(optuna.samplers.BaseSampler):
    """All combinations that meet what is required, in an order that is the search's own.

    This is the `nth` of them.
    """

    def __init__(
        self, domains: Mapping[str, Domain], seed: int, nth: int, meets: Meets | None
    ) -> None:
        points = _shuffled(tuple(domains.items()), seed)
        required = (point for point in points if meets is None or meets(point))
        self._point = next(islice(required, nth, None))

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """None: each value is looked up by itself."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing."""
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value in this combination."""
        return self._point[param_name]


@lru_cache(maxsize=1)
def _shuffled(domains: Sequence[tuple[str, AnyDomain]], seed: int) -> list[dict[str, Value]]:
    """The order that Optuna's own grid has."""
    points = combinations(dict(domains), MOST_COMBINATIONS)
    np.random.RandomState(seed).shuffle(points)  # type: ignore[arg-type]
    return points


def _of_ranges(trial: FrozenTrial, ranges: Mapping[str, BaseDistribution]) -> FrozenTrial:
    """As CMA-ES takes a known trial: of just what it searches."""
    params = {name: trial.params[name] for name in ranges}
    return create_trial(params=params, distributions=dict(ranges), value=trial.value)


def _of_all_trials(
    study: optuna.Study, distributions: Mapping[str, BaseDistribution]
) -> dict[str, BaseDistribution]:
    """What every trial so far has, by name; a published set may lack a choice it cannot tell."""
    trials = study.get_trials(deepcopy=False, states=_TOLD)
    if not trials:
        return {}
    names = set(distributions).intersection(*(each.params for each in trials))
    return {name: distributions[name] for name in sorted(names) if not distributions[name].single()}


def _groups(
    trials: Collection[frozenset[str]], distributions: Mapping[str, BaseDistribution]
) -> list[dict[str, BaseDistribution]]:
    """Hyperparameters that stand in the same of the `trials`, by name."""
    groups: dict[frozenset[frozenset[str]], dict[str, BaseDistribution]] = {}
    for name, each in sorted(distributions.items()):
        there = frozenset(names for names in trials if name in names)
        if there and not each.single():
            groups.setdefault(there, {})[name] = each
    return list(groups.values())
