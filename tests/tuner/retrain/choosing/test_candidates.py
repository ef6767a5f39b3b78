"""The trials that a choice is among: finished, different, the best first."""

from pathlib import Path

import pytest

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tuner.errors import TunerError
from tuner.figures.candidates import chance_text
from tuner.retrain.choosing.candidates import Asked, candidates_of, rule_of
from tuner.retrain.run_check import Searched
from tuner.space import best_space

SPACE = small_space()
TRIALS = [
    trial(0, 0.90, 0.91, hyperparameters={"patch_n": 1}),
    trial(1, 0.97, state="pruned", reason="asha", hyperparameters={"patch_n": 2}),
    trial(2, 0.90, 0.95, hyperparameters={"patch_n": 3}),
    trial(3, 0.90, 0.94, hyperparameters={"patch_n": 3}),
    trial(4, 0.90, 0.93, hyperparameters={"patch_n": 5}),
    trial(5, 0.90, state="failed", reason="error: x", hyperparameters={"patch_n": 6}),
]
SEARCHED = Searched(space=SPACE, trials=TRIALS, journal=Path("events.jsonl"))
BEST = best_space(SPACE, {"patch_n": 2}, {})


def test_a_trial_that_is_no_candidate_would_be_retrained() -> None:
    found, few = candidates_of(SEARCHED, BEST, 3)
    assert [each.trial for each in found] == [2, 4, 0]
    assert [each.searched for each in found] == [0.95, 0.93, 0.91]
    assert [each.contender.hyperparameters["patch_n"] for each in found] == [3, 5, 1]
    assert few == ""
    two, _ = candidates_of(SEARCHED, BEST, 2)
    assert [each.trial for each in two] == [2, 4]


def test_a_published_set_that_nobody_may_type_would_be_refused() -> None:
    """As one whose batch is more than all images: the search has trained it."""
    space = small_space(detector="deep-svdd", search={"learning_rate": {"log": [1e-5, 1e-3]}})
    trials = [
        trial(number, 0.9 + number / 100, hyperparameters={"batch_normals": size})
        for number, size in enumerate((200, 64))
    ]
    searched = Searched(space=space, trials=trials, journal=Path("events.jsonl"))
    found, _ = candidates_of(searched, best_space(space, {"batch_normals": 64}, {}), 2)
    assert [dict(each.space.fixed) for each in found] == [
        {"batch_normals": 64},
        {"batch_normals": 200},
    ]
    assert found[0].space.result == {"trial": 1, "value": 0.91}


def test_a_chance_would_be_said_to_reach_what_it_has_not() -> None:
    chances = (0.9499, 0.95, 0.3333, 0.9999, 0.004, 0.29)
    assert [chance_text(one) for one in chances] == [
        *("0.94", "0.95", "0.33", ">0.99", "<0.01", "0.29")
    ]


def test_a_search_that_goes_on_would_be_taken_for_a_change_by_set() -> None:
    """Its best.yaml is of a trial that was the best when it stopped."""
    earlier = best_space(SPACE, {"patch_n": 3}, {"trial": 2, "value": 0.95})
    found, _ = candidates_of(SEARCHED, earlier, 2)
    assert [each.trial for each in found] == [2, 4]
    changed = best_space(SPACE, {"patch_n": 4}, {"trial": 2, "value": 0.95})
    with pytest.raises(TunerError, match="--set changes the best configuration"):
        candidates_of(SEARCHED, changed, 2)


def test_fewer_candidates_than_asked_for_would_be_unsaid() -> None:
    found, few = candidates_of(SEARCHED, BEST, 9)
    assert len(found) == 3
    assert few == "--top 9: the search has 3 finished trials that differ, which are all taken."


def test_the_budget_would_not_follow_from_what_is_asked() -> None:
    assert rule_of(Asked(top=5), seeds=3, candidates=4).most == 20
    assert rule_of(Asked(top=5), seeds=8, candidates=4).most == 32
    assert rule_of(Asked(top=5, most=12), seeds=3, candidates=4).most == 12
    with pytest.raises(TunerError, match="4 candidates begin with 3 trainings each, which are 12"):
        rule_of(Asked(top=5, most=11), seeds=3, candidates=4)
