import pytest

from tests.tuner.space.test_space import GOOD
from tuner.errors import SpaceError
from tuner.space import (
    Machine,
    Space,
    chosen_scale,
    resolve_scale,
    scale_sentence,
    trials_at_once,
)

SCALES = {
    "cpu": {"width": 16, "epochs": 8, "trials": 32, "fit_normals": 100},
    "gpu": {"width": 64, "epochs": 50, "trials": 200},
}
TWO_CORES = Machine(cpus=2)
ONE_GPU = Machine(cpus=8, gpus=1)


def space(**changes: object) -> Space:
    return Space.model_validate(GOOD | {"scales": SCALES} | changes)


@pytest.mark.parametrize(
    ("machine", "changes", "name"),
    [
        (TWO_CORES, {}, "cpu"),
        (ONE_GPU, {}, "gpu"),
        (ONE_GPU, {"scale": "cpu"}, "cpu"),
        (TWO_CORES, {"scale": "gpu"}, "gpu"),
        (ONE_GPU, {"scales": {"cpu": {}}}, "cpu"),
    ],
)
def test_the_wrong_scale_would_be_taken(
    machine: Machine, changes: dict[str, object], name: str
) -> None:
    assert chosen_scale(space(**changes), machine) == name


def test_a_scale_would_not_arrive_in_the_search() -> None:
    small, large = resolve_scale(space(), TWO_CORES), resolve_scale(space(), ONE_GPU)
    assert (small.trials, small.epochs, small.fixed) == (32, 8, {"width": 16})
    assert (large.trials, large.epochs, large.fixed) == (200, 50, {"width": 64})
    assert (small.data.fit_normals, large.data.fit_normals) == (100, None)


def test_a_resolved_space_would_change_on_another_machine() -> None:
    resolved = resolve_scale(space(), TWO_CORES)
    assert resolve_scale(resolved, ONE_GPU) == resolved


def test_a_space_without_scales_would_change() -> None:
    plain = Space.model_validate(GOOD)
    assert resolve_scale(plain, ONE_GPU) == plain


def test_the_sentence_would_not_say_what_was_chosen_and_why() -> None:
    assert scale_sentence(space(), TWO_CORES) == (
        "Scale cpu: width 16, 32 trials of at most 8 epochs, because there are no GPUs."
    )
    assert scale_sentence(space(), ONE_GPU) == (
        "Scale gpu: width 64, 200 trials of at most 50 epochs, because there is 1 GPU."
    )
    assert scale_sentence(space(scale="cpu"), ONE_GPU).endswith("because the space names it.")
    assert scale_sentence(space(scales={"cpu": {}}), ONE_GPU).endswith(
        "because the space has no gpu scale, although the machine has 1 GPU."
    )
    assert scale_sentence(Space.model_validate(GOOD), TWO_CORES) == (
        "This space has one scale: 4 trials of at most 2 epochs, on 2 cores and no GPUs."
    )


@pytest.mark.parametrize(
    ("machine", "lanes", "changes", "at_once"),
    [
        (Machine(cpus=8, gpus=1), 2, {}, 2),
        (Machine(cpus=8, gpus=2), 3, {}, 6),
        (Machine(cpus=8), 1, {}, 8),
        (Machine(cpus=8), 1, {"trials": 5}, 5),
        (Machine(cpus=8), 1, {"trials": 5, "resources": {"concurrent_trials": 7}}, 5),
        (Machine(cpus=8), 1, {"resources": {"concurrent_trials": 3}}, 3),
    ],
)
def test_more_or_fewer_would_train_at_once_than_there_is_room_or_need_for(
    machine: Machine, lanes: int, changes: dict[str, object], at_once: int
) -> None:
    written = {"trials": 40, "scales": {}} | changes
    assert trials_at_once(space(**written), machine, lanes) == at_once


def test_a_trial_would_wait_for_ever_for_cores_that_are_not_there() -> None:
    asking = space(resources={"cpus_per_trial": 3})
    with pytest.raises(SpaceError, match="a trial asks for 3 cores, allowed are 1 to 2"):
        resolve_scale(asking, TWO_CORES)
    resolve_scale(asking, Machine(cpus=2, gpus=1))


def test_a_trial_would_wait_for_ever_for_a_node_that_no_cluster_of_small_ones_has() -> None:
    asking = space(resources={"cpus_per_trial": 4})
    said = "a trial asks for 4 cores, allowed are 1 to 2, the most that one node has"
    with pytest.raises(SpaceError, match=said):
        resolve_scale(asking, Machine(cpus=4, nodes=(2, 2)))
    resolve_scale(asking, Machine(cpus=6, nodes=(2, 4)))


def test_cores_of_two_nodes_would_be_a_place() -> None:
    asking = space(resources={"cpus_per_trial": 2}, trials=40)
    assert trials_at_once(asking, Machine(cpus=9, nodes=(3, 3, 0, 3))) == 3
    assert trials_at_once(asking, Machine(cpus=9)) == 4
