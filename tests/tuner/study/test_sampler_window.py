"""The trials that the sampler looks at: all while they are few, then the best and the newest."""

from pathlib import Path
from typing import Any

import numpy
import optuna
import pytest
from optuna.samplers._tpe.sampler import _split_trials, default_gamma

from models.hyperparameters import Value
from tests.tuner.simulated import Simulation, small_space
from tuner.record.journal import read_lines
from tuner.seeds import derive
from tuner.study.distributions import distribution
from tuner.study.sampler_window import GOOD_AT_MOST, GOOD_SHARE, SamplerWindow, rank

CHOICES = {"search": {"abc_weight": {"log": [0.1, 5]}, "width": {"choice": [8, 16]}}}


def suggestions(folder: Path, slots: int = 3, **changes: Any) -> list[dict[str, Value]]:
    space = small_space(trials=60, epochs=3, **changes)
    Simulation(space, folder, slots=slots, order_seed=4).run().close()
    return [e["searched"] for e in read_lines(folder / "events.jsonl") if e["event"] == "asked"]


def test_a_limit_that_is_not_reached_would_change_a_suggestion(tmp_path: Path) -> None:
    whole = suggestions(tmp_path / "a", sampler={"considered_trials": 2000})
    assert suggestions(tmp_path / "b", sampler={"considered_trials": 60}) == whole
    limited = suggestions(tmp_path / "c", sampler={"considered_trials": 20})
    assert limited[:20] == whole[:20]
    assert limited != whole


def test_a_resume_above_the_limit_would_draw_something_else(tmp_path: Path) -> None:
    space = small_space(trials=40, epochs=3, sampler={"considered_trials": 12})
    Simulation(space, tmp_path / "whole").run().close()
    journal = tmp_path / "whole" / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "events.jsonl").write_bytes(b"".join(lines[: 2 * len(lines) // 3]))
    Simulation(space, tmp_path / "cut").run().close()
    drawn, again = (
        [e["searched"] for e in read_lines(tmp_path / name / "events.jsonl") if "searched" in e]
        for name in ("whole", "cut")
    )
    assert drawn == again


def test_the_whole_study_would_not_be_on_disk_above_the_limit(tmp_path: Path) -> None:
    suggestions(tmp_path, sampler={"considered_trials": 5})
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert len(study.trials) == 60


def test_random_trials_would_go_on_when_the_limit_is_below_their_number(tmp_path: Path) -> None:
    learns = suggestions(tmp_path / "a", sampler={"name": "tpe", "considered_trials": 5})
    random = suggestions(tmp_path / "b", sampler={"name": "random"})
    assert learns[2:12] == random[2:12]  # in their first ten both draw from the same seeds
    assert learns[20:] != random[20:]


def test_suggestions_would_differ_from_those_of_optunas_own_sampler(tmp_path: Path) -> None:
    """Optuna asked anew for the last trial of a search by one worker, on the study's own file."""
    drawn = suggestions(tmp_path, slots=1, sampler={"name": "tpe"}, **CHOICES)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    domains = small_space(**CHOICES).search
    for last in (12, 30, 59):
        fresh = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=derive(0, "sampler", last), multivariate=True),
        )
        fresh.add_trials(study.trials[:last])
        asked = fresh.ask({name: distribution(domain) for name, domain in domains.items()})
        assert asked.params == drawn[last]


def test_the_good_group_would_lose_a_trial_to_the_limit() -> None:
    """TPE's split of all trials and of the considered ones: the same good ones in both."""
    random = numpy.random.default_rng(0)
    study = optuna.create_study(direction="maximize")
    considered = SamplerWindow(300)
    for number in range(1000):
        state = ["complete", "pruned", "pruned", "failed"][random.integers(4)]
        values = {e: float(random.integers(50)) for e in range(1, 1 + random.integers(1, 4))}
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState[{"failed": "FAIL"}.get(state, state.upper())],
                value=values[max(values)] if state != "failed" else None,
                intermediate_values=values,
            )
        )
        considered.start(number)
        if number < 995:
            considered.end(number, rank(state, list(values.items())))
    ended = [t for t in study.trials[:995] if t.state.name != "FAIL"]
    numbers = considered.numbers()
    assert numbers is not None
    seen = [t for t in ended if t.number in numbers]
    assert len(seen) == 300
    assert set(numbers) - {t.number for t in seen} == set(range(995, 1000))
    good, rest = _split_trials(study, ended, default_gamma(len(ended)))
    good_seen, rest_seen = _split_trials(study, seen, default_gamma(len(seen)))
    assert [t.number for t in good_seen] == [t.number for t in good]
    assert [t.number for t in rest_seen] == [t.number for t in rest if t.number in numbers]
    newest = [t.number for t in rest][-(300 - len(good)) :]
    assert [t.number for t in rest_seen] == newest


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_sampler_would_see_more_trials_than_it_was_told(limit: int) -> None:
    considered = SamplerWindow(limit)
    for number in range(20):
        considered.start(number)
        considered.end(number, rank("complete", [(1, float(-number))]))
    assert len(considered.numbers() or ()) == limit


def test_a_trial_that_goes_on_would_take_the_place_of_one_that_has_ended() -> None:
    considered = SamplerWindow(2)
    for number in range(4):
        considered.start(number)
        if number < 3:
            considered.end(number, rank("complete", [(1, 1.0 - number / 10)]))
    considered.pause(3, rank("pruned", [(1, 0.5)]))
    assert considered.numbers() == [0, 3], "the best, and the newest of those that wait or ended"
    considered.go_on(3)
    assert considered.numbers() == [0, 2, 3], "and what runs, besides"


def test_tpe_would_have_another_size_of_its_good_group() -> None:
    for trials in (1, 9, 100, 250, 251, 5000):
        assert default_gamma(trials) == min(-int(-GOOD_SHARE * trials // 1), GOOD_AT_MOST)
