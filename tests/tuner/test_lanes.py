"""How many trials share a GPU, as a space says it or a machine has it."""

import pytest

from models import detectors
from tests.tuner.space.test_space import GOOD
from tuner.backend.tune_run import _request
from tuner.planning.dry_run import dry_run_text
from tuner.planning.lanes import LaneChoice, are_measured, choose_lanes
from tuner.space import Machine, Resources, Space, trials_at_once

GPUS, CORES = Machine(cpus=8, gpus=2), Machine(cpus=2)


def space(**more: object) -> Space:
    return Space.model_validate(GOOD | {"trials": 40} | more)


def twelve() -> LaneChoice:
    return LaneChoice(count=12, sentence="12 lanes: 8.4 times one at a time")


@pytest.mark.parametrize(
    ("machine", "more", "count"),
    [
        (CORES, {}, 1),
        (CORES, {"resources": {"lanes": 4}}, 4),
        (GPUS, {"resources": {"lanes": 4}}, 4),
        (GPUS, {}, 12),
        (GPUS, {"trials": 9}, 5),
        (GPUS, {"search": {"width": {"choice": [16, 32, 64]}}}, 4),
        (GPUS, {"search": {"width": {"int": [8, 64]}}}, 1),
    ],
)
def test_the_wrong_number_of_trials_would_share_a_gpu(
    machine: Machine, more: dict[str, object], count: int
) -> None:
    found = choose_lanes(space(**more), machine, twelve)
    assert found.count == count
    per_device = count * (machine.gpus or machine.cpus)
    trials = space(**more).trials
    assert trials_at_once(space(**more), machine, found.count) == min(per_device, trials)


def test_a_number_that_the_space_says_would_be_measured() -> None:
    def measure() -> LaneChoice:
        raise AssertionError("a GPU was asked")

    found = choose_lanes(space(resources={"lanes": 4}), GPUS, measure)
    assert found.sentence == "4 lanes: each GPU trains 4 trials in one step."


def test_fewer_lanes_than_were_measured_would_come_with_the_wrong_reason() -> None:
    few = choose_lanes(space(trials=9), GPUS, twelve).sentence
    assert few.startswith("Lanes of each GPU: 5, since there are no more trials. (12 lanes: ")
    mixed = choose_lanes(space(search={"width": {"choice": [16, 32]}}), GPUS, twelve).sentence
    assert mixed.startswith("Lanes of each GPU: 6, since trials of several structures share it. (")


def test_a_detector_that_cannot_be_packed_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "packable", lambda name: False)
    found = choose_lanes(space(resources={"lanes": 4}), GPUS, twelve)
    assert found.count == 1
    assert "cannot be packed" in found.sentence


def test_trials_of_several_detectors_would_share_a_step_or_be_measured() -> None:
    each = space(data={"dataset": "digits", "normal": "each"})
    found = choose_lanes(each, GPUS, twelve)
    assert found.count == 1
    assert "data.normal: each trains several detectors and cannot be packed" in found.sentence
    assert not are_measured(each, GPUS)
    assert are_measured(space(), GPUS)


@pytest.mark.parametrize("lanes", range(1, 65))
def test_ray_would_place_more_or_fewer_trials_on_a_gpu_than_it_has_lanes(lanes: int) -> None:
    parts = round(_request(Resources(), GPUS, lanes)["GPU"] * 10_000)
    assert 10_000 // parts == lanes


def test_a_trial_on_a_gpu_would_also_wait_for_a_core() -> None:
    assert _request(Resources(), GPUS, 4) == {"CPU": 0, "GPU": 0.25}
    assert _request(Resources(cpus_per_trial=2), CORES, 4) == {"CPU": 0.5}


def test_a_dry_run_would_claim_a_number_that_nobody_measured() -> None:
    assert "how many trials share a GPU is measured at the start" in dry_run_text(space(), GPUS)
    told = space(resources={"lanes": 4})
    assert "8 trials train at once. 4 lanes: each GPU trains 4" in dry_run_text(told, GPUS)
