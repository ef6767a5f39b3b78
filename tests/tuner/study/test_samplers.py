"""Every sampler keeps the contract, and does what it is there for."""

import math
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any, ClassVar

import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from models.hyperparameters import Value
from tests.tuner.simulated import small_space
from tuner.errors import TunerError
from tuner.record.events import TrialAsked
from tuner.record.journal import read_journal
from tuner.replay.comparison import replay
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate
from tuner.space import Sampler, samplers
from tuner.space.domains import Uniform
from tuner.study.choose_sampler import Turn, sampler_of_trial
from tuner.study.samplers import Gp, Sobol, Tpe
from tuner.study.samplers_view import view_of
from tuner.study.study import Study
from tuner.testing.samplers import SamplerContract, suggestions

needs_cmaes = pytest.mark.skipif(find_spec("cmaes") is None, reason="needs the package cmaes")


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of searches are simulated here, and nobody looks at their curves."""
    monkeypatch.setattr("tuner.results.files.write_curves", lambda *_, **__: None)


class TestTpeQmc(SamplerContract):
    name = "tpe-qmc"


class TestTpe(SamplerContract):
    name = "tpe"


class TestGp(SamplerContract):
    name = "gp"


@needs_cmaes
class TestCmaEs(SamplerContract):
    name = "cmaes"


class TestQmc(SamplerContract):
    name = "qmc"


class TestRandom(SamplerContract):
    name = "random"


class TestGrid(SamplerContract):
    name = "grid"
    search: ClassVar[Mapping[str, Any]] = {
        "abc_weight": {"uniform": [0.5, 2, 0.5]},
        "patch_n": {"int": [1, 9, 4]},
        "activation": {"choice": ["leaky", "tanh"]},
        "generator_lr": {"choice": [1e-4, 2e-4]},
    }


BEST = {"abc_weight": 3.0, "generator_lr": 4e-5}


def searched(folder: Path, name: str, trials: int, **changes: Any) -> list[Mapping[str, Value]]:
    folder.mkdir(exist_ok=True)
    sampler = {"name": name, "startup_trials": 5}
    space = small_space(trials=trials, sampler=sampler, **changes)
    simulate(space, folder, Formula(best=BEST), workers=1)
    return list(suggestions(folder))


def test_a_sequence_would_not_cover_a_range_evenly(tmp_path: Path) -> None:
    """Of the first eight, each is in an eighth of its own, the published sets not counted."""
    found = searched(tmp_path, "qmc", 10, search={"patch_weight": {"uniform": [0, 4]}})
    assert sorted(int(2 * float(each["patch_weight"])) for each in found) == list(range(8))


def test_tpe_qmc_would_take_other_points_of_the_sequence_than_qmc(tmp_path: Path) -> None:
    """The first five, then every second trial the next one; between them TPE's own."""
    sequence = searched(tmp_path / "qmc", "qmc", 22)
    found = searched(tmp_path / "both", "tpe-qmc", 22)
    assert found[:5] == sequence[:5]
    assert found[6::2] == sequence[5:12]
    assert not [each for each in found[5::2] if each in sequence]


def test_tpe_qmc_would_not_learn_in_between(tmp_path: Path) -> None:
    """TPE's suggestions lie nearer to the best configuration than the sequence's."""
    found = searched(tmp_path, "tpe-qmc", 62)
    distances = [sum(abs(math.log(each[key] / BEST[key])) for key in BEST) for each in found]  # type: ignore[operator]
    assert mean(distances[25::2]) < 0.6 * mean(distances[26::2])


@pytest.mark.parametrize(("known", "first"), [(0, 5), (3, 2), (30, 0)])
def test_tpe_qmc_would_begin_as_if_it_knew_nothing_of_other_runs(known: int, first: int) -> None:
    trials = [create_trial(state=TrialState.PRUNED)] * known
    settings = Sampler(name="tpe-qmc", startup_trials=5)

    def kind(nth: int) -> type[BaseSampler]:
        turn = Turn(number=nth, nth=nth, ended=nth + known, known=trials)
        return type(sampler_of_trial(settings, turn, {"rate": Uniform(0, 1)}))

    assert [kind(nth) for nth in range(first + 4)] == [Sobol] * first + [Tpe, Sobol] * 2


def test_a_grid_would_leave_a_combination_out(tmp_path: Path) -> None:
    domains = {"patch_n": {"int": [1, 9, 4]}, "activation": {"choice": ["leaky", "tanh"]}}
    found = searched(tmp_path, "grid", 8, search=domains)
    combinations = sorted((each["patch_n"], each["activation"]) for each in found)
    assert combinations == sorted(product((1, 5, 9), ("leaky", "tanh")))


@pytest.mark.parametrize(
    ("name", "trials"), [("gp", 38), pytest.param("cmaes", 86, marks=needs_cmaes)]
)
def test_a_sampler_would_not_learn_from_trials_that_were_stopped(
    tmp_path: Path, name: str, trials: int
) -> None:
    """Of which it sees none as Optuna shows them: its last trials lie nearer to the best one."""
    found = searched(tmp_path, name, trials)
    distances = [sum(abs(math.log(each[key] / BEST[key])) for key in BEST) for each in found]  # type: ignore[operator]
    assert mean(distances[-12:]) < 0.75 * mean(distances[:12])


@pytest.mark.parametrize(("ended", "kind"), [(4, RandomSampler), (5, Gp)])
def test_learning_would_begin_a_trial_sooner_or_later_than_was_said(
    ended: int, kind: type[BaseSampler]
) -> None:
    turn = Turn(number=ended, nth=ended, ended=ended)
    settings = Sampler(name="gp", startup_trials=5)
    assert type(sampler_of_trial(settings, turn, {"rate": Uniform(0, 1)})) is kind


def test_a_trial_would_be_shown_to_the_gp_with_a_value_that_it_has_not() -> None:
    """Its newest; the lowest to one without any; none of a set that lies outside the space."""
    distributions = {"x": FloatDistribution(0, 1)}

    def trial(x: float, values: dict[int, float], state: TrialState) -> FrozenTrial:
        return create_trial(
            params={"x": min(x, 1)},
            distributions=distributions,
            intermediate_values=values,
            state=state,
            value=0.8 if state == TrialState.COMPLETE else None,
        )

    trials = [
        trial(0.1, {1: 0.6, 2: 0.5}, TrialState.PRUNED),
        trial(0.2, {}, TrialState.PRUNED),
        trial(0.3, {1: 0.7}, TrialState.RUNNING),
        trial(0.4, {1: 0.7}, TrialState.COMPLETE),
    ]
    outside = trial(2, {1: 0.9}, TrialState.PRUNED)
    outside.params["x"] = 2
    view = view_of("gp", distributions)
    assert view is not None
    shown = [(each.state.name, each.value) for each in view([*trials, outside])]
    assert shown == [("COMPLETE", 0.5), ("COMPLETE", 0.5), ("RUNNING", None), ("COMPLETE", 0.8)]


def test_a_missing_package_would_end_in_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a search is read, nothing is missing; where it asks, it is said what to install."""
    monkeypatch.setattr(samplers, "find_spec", lambda _name: None)
    space = small_space(sampler={"name": "cmaes"})
    study = Study(None, space.search, space.sampler, space.objective)
    with pytest.raises(TunerError, match="sampler cmaes needs the package cmaes: pip install cmae"):
        study.ask(0)


@needs_cmaes
def test_another_optuna_would_be_taken_at_its_word(tmp_path: Path) -> None:
    """CMA-ES is asked again for what it has suggested: what was recorded holds."""
    searched(tmp_path, "cmaes", 12)
    space = small_space(trials=12, sampler={"name": "cmaes"})
    events = read_journal(tmp_path / "events.jsonl")
    changed = [
        replace(e, searched={**e.searched, "patch_n": 3}) if isinstance(e, TrialAsked) else e
        for e in events
    ]
    asked = [
        Study(None, space.search, space.sampler, space.objective, past).ask(12)
        for past in (events, changed)
    ]
    assert asked[0] != asked[1]


@pytest.mark.parametrize(
    "name",
    ["tpe-qmc", "tpe", "gp", pytest.param("cmaes", marks=needs_cmaes), "qmc", "random", "grid"],
)
def test_a_suggestion_would_not_meet_what_is_required(tmp_path: Path, name: str) -> None:
    """Nor would a resume draw it again."""
    domains = {"patch_n": {"int": [1, 9]}, "abc_weight": {"uniform": [1, 5, 1]}}
    more = {"require": ["abc_weight * 2 <= patch_n", "patch_n != 5"], "search": domains}
    found = searched(tmp_path / "whole", name, 16, **more)
    assert len(found) == 14
    for each in found:
        assert 2 * float(each["abc_weight"]) <= float(each["patch_n"]) != 5, each
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "events.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    assert searched(tmp_path / "cut", name, 16, **more) == found
    assert replay(tmp_path / "cut" / "events.jsonl").difference is None


def test_a_requirement_that_is_hardly_met_would_end_in_a_traceback() -> None:
    space = small_space(sampler={"name": "random"})
    study = Study(None, space.search, space.sampler, space.objective, meets=lambda _searched: False)
    with pytest.raises(TunerError, match="none of 20,000 configurations drawn for trial 0 meets"):
        study.ask(0)
