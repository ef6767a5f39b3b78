"""Optuna's samplers as a search uses them: one made anew for each trial, with a seed of its own."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial

from tuner.errors import TunerError
from tuner.seeds import derive
from tuner.space import Sampler
from tuner.space.domains import Domain
from tuner.space.samplers import missing_package
from tuner.study.distributions import distribution
from tuner.study.samplers import CmaEs, Gp, Grid, Sobol, Tpe


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is: trial `number`, the `nth` that the sampler suggests, counted from 0.

    `ended` trials tell something to learn from, those `known` of other runs among them.
    """

    number: int
    nth: int
    ended: int
    known: Sequence[FrozenTrial] = ()


def sampler_of_trial(
    settings: Sampler, turn: Turn, domains: Mapping[str, Domain]
) -> optuna.samplers.BaseSampler:
    """The sampler that suggests a trial.

    What it draws depends on the trials told so far and on nothing else in memory. Raises TunerError
    where a package that it needs is missing.
    """
    if text := missing_package(settings.name):
        raise TunerError(f"sampler {settings.name} {text}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _made(settings, turn, domains)


def _made(
    settings: Sampler, turn: Turn, domains: Mapping[str, Domain]
) -> optuna.samplers.BaseSampler:
    seed = derive(settings.seed, "sampler", turn.number)
    of_all = derive(settings.seed, settings.name, 0)
    distributions = {name: distribution(domain) for name, domain in domains.items()}
    learning = turn.ended >= settings.startup_trials
    match settings.name:
        case "tpe":
            return Tpe(distributions, seed, 0 if learning else settings.startup_trials)
        case "gp" if learning:
            return Gp(distributions, seed)
        case "cmaes":
            return CmaEs(distributions, seed, turn.known)
        case "qmc":
            return Sobol(distributions, of_all, turn.nth)
        case "grid":
            return Grid(domains, of_all, turn.nth)
        case _:
            return optuna.samplers.RandomSampler(seed=seed)
