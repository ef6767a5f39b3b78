"""The domains of a space in Optuna's words."""

from collections.abc import Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from models.hyperparameters import Value
from tuner.space.domains import Choice, Domain, Int, Log, LogInt, Uniform


def distribution(domain: Domain) -> BaseDistribution:
    """Optuna's word for a domain of the space."""
    match domain:
        case Uniform():
            return FloatDistribution(domain.low, domain.high, step=domain.step)
        case Log():
            return FloatDistribution(domain.low, domain.high, log=True)
        case Int():
            return IntDistribution(domain.low, domain.high, step=domain.step or 1)
        case LogInt():
            return IntDistribution(domain.low, domain.high, log=True)
        case Choice():
            return CategoricalDistribution(domain.values)


def moved_within(
    searched: Mapping[str, Value], distributions: Mapping[str, BaseDistribution]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The values, each at the nearest end of its range, and those of them that lay outside."""
    nearest = {name: _nearest(distributions.get(name), value) for name, value in searched.items()}
    return nearest, {name: value for name, value in searched.items() if nearest[name] != value}


def is_within(setting: Mapping[str, Value], distributions: Mapping[str, BaseDistribution]) -> bool:
    """Whether a setting has a value for each distribution, and one that lies within it."""
    try:
        return all(
            each._contains(each.to_internal_repr(setting[name]))
            for name, each in distributions.items()
        )
    except ValueError:  # a choice that is none of its values
        return False


def _nearest(distribution: BaseDistribution | None, value: Value) -> Value:
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return min(max(value, distribution.low), distribution.high)
    return value
