"""TPE where not every trial has every hyperparameter."""

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial

from tuner.space import Sampler
from tuner.space.domains import AnyDomain, Choice, Uniform
from tuner.space.when import Condition
from tuner.study.choose_sampler import Turn, sampler_of_trial
from tuner.study.samplers import GroupedTpe

ON = (Condition("kind", ("a",)),)
DOMAINS: dict[str, AnyDomain] = {
    "weight": Uniform(0, 1, when=ON),
    "kind": Choice(("a", "b")),
    "rate": Uniform(0, 1),
    "depth": Uniform(0, 1, when=ON),
    "unseen": Uniform(0, 1, when=(Condition("kind", ("c",)),)),
}
TOLD: dict[str, BaseDistribution] = {
    "kind": CategoricalDistribution(("a", "b")),
    **{name: FloatDistribution(0, 1) for name in ("weight", "rate", "depth")},
}


def told(number: int) -> FrozenTrial:
    """Of `a` the best have both at 0.9, the worst both at 0.1."""
    at = 0.9 if number % 4 else 0.1
    params = {"kind": "b", "rate": 0.5}
    if number % 2:
        params = {"kind": "a", "rate": 0.5, "weight": at, "depth": at}
    distributions = {name: TOLD[name] for name in params}
    return optuna.trial.create_trial(params=params, distributions=distributions, value=at)


@pytest.fixture
def study() -> optuna.Study:
    made = optuna.create_study(direction="maximize")
    made.add_trials([told(number) for number in range(40)])
    return made


def sampler() -> GroupedTpe:
    turn = Turn(number=40, nth=40, ended=40)
    found = sampler_of_trial(Sampler(name="tpe", startup_trials=5), turn, DOMAINS)
    assert isinstance(found, GroupedTpe)
    return found


def test_settings_of_the_same_trials_would_be_suggested_apart(study: optuna.Study) -> None:
    """What no trial has yet is left to be drawn by itself."""
    found, trial = sampler(), study.ask()._get_latest_trial()
    space = found.infer_relative_search_space(study, trial)
    assert space.keys() == TOLD.keys()
    assert [sorted(group) for group in found._groups] == [["depth", "weight"], ["kind", "rate"]]
    assert found.sample_relative(study, trial, space).keys() == TOLD.keys()


def test_a_trial_under_way_would_be_seen_with_values_that_it_has_not(study: optuna.Study) -> None:
    """Optuna writes a suggestion down with the trial, what is inactive included."""
    study.sampler = sampler()
    trial = study.ask()
    assert trial.relative_params.keys() == TOLD.keys()
    assert trial._get_latest_trial().system_attrs == {}


def test_a_space_without_conditions_would_be_sampled_otherwise_than_before() -> None:
    plain: dict[str, AnyDomain] = {"rate": Uniform(0, 1), "kind": Choice(("a", "b"))}
    turn = Turn(number=40, nth=40, ended=40)
    assert not isinstance(sampler_of_trial(Sampler(), turn, plain), GroupedTpe)
