"""Optuna's samplers as a search uses them: one made anew for each trial, with a seed of its own."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from tuner.errors import TunerError
from tuner.seeds import derive
from tuner.space import Sampler
from tuner.space.conditions import always_active
from tuner.space.domains import Domain
from tuner.space.requirements import Meets
from tuner.space.samplers import missing_package
from tuner.study.distributions import distribution
from tuner.study.requiring import Requiring
from tuner.study.samplers import CmaEs, Gp, Grid, GroupedTpe, Sobol, Tpe


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
    settings: Sampler, turn: Turn, domains: Mapping[str, Domain], meets: Meets | None = None
) -> BaseSampler:
    """The sampler that suggests a trial, which `meets` what is required.

    What it draws depends on the trials told so far and on nothing else in memory. Raises TunerError
    where a package that it needs is missing.
    """
    if text := missing_package(settings.name):
        raise TunerError(f"sampler {settings.name} {text}")
    seed = derive(settings.seed, "sampler", turn.number)
    distributions = {name: distribution(domain) for name, domain in domains.items()}
    always = {name: distributions[name] for name in always_active(domains)}

    def seeded(seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            if settings.name == "grid":
                return Grid(domains, derive(settings.seed, "grid", 0), turn.nth, meets)
            return _made(settings, turn, distributions, always, seed)

    if meets is None:
        return seeded(seed)
    return Requiring(settings.name, seed, seeded, domains, meets)


def _made(
    settings: Sampler,
    turn: Turn,
    distributions: Mapping[str, BaseDistribution],
    always: Mapping[str, BaseDistribution],
    seed: int,
) -> BaseSampler:
    """Of hyperparameters that not every trial has, gp and cmaes draw the values at random."""
    learning = turn.ended >= settings.startup_trials
    place = _place_in_sequence(settings, turn)
    if place is not None:
        return Sobol(distributions, derive(settings.seed, "qmc", 0), place)
    match settings.name:
        case "tpe" | "tpe-qmc":
            kind = Tpe if len(always) == len(distributions) else GroupedTpe
            return kind(distributions, seed, 0 if learning else settings.startup_trials)
        case "gp" if learning:
            return Gp(always, seed)
        case "cmaes":
            return CmaEs(always, seed, turn.known)
    return RandomSampler(seed=seed)


def _place_in_sequence(settings: Sampler, turn: Turn) -> int | None:
    """Which point of the Sobol' sequence this trial takes; None where it takes none.

    Of tpe-qmc that is the first trials, fewer where those of other runs are known, and then every
    second. TPE alone goes wrong where the first epochs, of which it sees most, say little of the
    last, and points that cover the space find more than random ones (Bousquet et al., "Critical
    Hyper-Parameters: No Random, No Cry", 2017).
    """
    if settings.name == "qmc":
        return turn.nth
    if settings.name != "tpe-qmc":
        return None
    first = max(0, settings.startup_trials - len(turn.known))
    if turn.nth < first:
        return turn.nth
    pair, of_pair = divmod(turn.nth - first, 2)
    return first + pair if of_pair else None
