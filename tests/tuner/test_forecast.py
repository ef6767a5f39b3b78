import random

import pytest

from tests.tuner.space.test_space import GOOD
from tuner.engine.early_stopping import rungs_of
from tuner.planning.dry_run import dry_run_text, duration
from tuner.planning.forecast import epochs_to_train, estimate_seconds
from tuner.space import Machine, Space, published_trials, trials_at_once


def space(**changes: object) -> Space:
    return Space.model_validate(GOOD | {"trials": 20, "epochs": 9} | changes)


def trained_by_asha(trials: int, stops: list[int], epochs: int, seed: int) -> int:
    """Epochs of one search in which trials, better or worse at random, come one after another."""
    numpy = pytest.importorskip("numpy")
    generator, recorded, total = random.Random(seed), {stop: [] for stop in stops}, 0
    for trial in range(trials):
        value, reached = generator.random(), epochs
        for stop in stops:
            before = recorded[stop]
            cutoff = numpy.percentile(before, (1 - 1 / 3) * 100) if before else -1.0
            before.append(value)
            if value < cutoff and trial >= 2:  # the two published sets run their full length
                reached = stop
                break
        total += reached
    return total


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 4}, (1, 3)),
        ({"epochs": 3}, (1,)),
        ({"epochs": 1}, ()),
        ({"epochs": 50}, (1, 3, 9, 27)),
        ({"scheduler": {"grace_epochs": 2, "reduction_factor": 4}}, (2, 8)),
        ({"scheduler": {"name": "none"}}, ()),
    ],
)
def test_the_rungs_would_not_be_those_of_asha(
    changes: dict[str, object], expected: tuple[int, ...]
) -> None:
    assert rungs_of(space(**changes)) == expected


def test_the_limits_of_the_epochs_would_be_wrong() -> None:
    epochs = epochs_to_train(space())
    assert published_trials(space()) == ("W1", "W2")
    assert epochs.least == 2 * 9 + 18 * 1
    assert epochs.greatest == 20 * 9
    assert epochs.least < epochs.likely < epochs.greatest


def test_a_best_configuration_would_be_announced_as_a_published_one() -> None:
    assert published_trials(space(search={}, trials=1)) == ()


def test_without_early_stopping_the_number_would_not_be_exact() -> None:
    epochs = epochs_to_train(space(scheduler={"name": "none"}))
    assert epochs.least == epochs.likely == epochs.greatest == 180


@pytest.mark.parametrize(("trials", "epochs"), [(16, 4), (32, 8), (200, 50)])
def test_the_likely_number_would_be_far_from_what_asha_does(trials: int, epochs: int) -> None:
    sized = space(trials=trials, epochs=epochs)
    stops = list(rungs_of(sized))
    runs = [trained_by_asha(trials, stops, epochs, seed) for seed in range(100, 160)]
    assert epochs_to_train(sized).likely == pytest.approx(sum(runs) / len(runs), rel=0.12)
    assert epochs_to_train(sized).least <= min(runs)


@pytest.mark.parametrize(
    ("machine", "resources", "slots"),
    [
        (Machine(cpus=2), {}, 2),
        (Machine(cpus=5), {"cpus_per_trial": 2}, 2),
        (Machine(cpus=64), {}, 20),
        (Machine(cpus=64, gpus=4), {}, 4),
        (Machine(cpus=2), {"concurrent_trials": 1}, 1),
    ],
)
def test_the_wrong_number_of_trials_at_once_would_be_reckoned_with(
    machine: Machine, resources: dict[str, object], slots: int
) -> None:
    assert trials_at_once(space(resources=resources), machine) == slots


def test_an_epoch_would_be_plural() -> None:
    assert "every trial trains 1 epoch." in dry_run_text(space(epochs=1), Machine(cpus=2))


def test_the_time_would_not_follow_the_measured_epoch() -> None:
    sized = space(scheduler={"name": "none"})
    times = estimate_seconds(sized, Machine(cpus=2), lambda _space, _machine: 3.0)
    assert times.likely == pytest.approx(180 * 3 / 2)


def test_a_dry_run_would_leave_out_what_people_ask_for() -> None:
    scaled = space(scales={"cpu": {"width": 16}})
    text = dry_run_text(scaled, Machine(cpus=2), lambda _space, _machine: 60.0)
    for part in (
        "patch_n: {int: [1, 9]}",
        "fixed:\n  width: 16",
        "Scale cpu: width 16, 20 trials of at most 9 epochs",
        "2 cores and no GPUs; 2 trials train at once",
        "Trials: 20, first the published W1 and W2, which are never stopped.",
        "after epoch 1, 3, the best 1 in 3",
        "at least 36, at most 180",
        "at least 18 min, at most 1.5 h",
        "Nothing was started",
    ):
        assert part in text
    assert "Time: not measured." in dry_run_text(scaled, Machine(cpus=2))


@pytest.mark.parametrize(
    ("total_s", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (7200, "2.0 h")],
)
def test_a_time_would_not_be_said_as_people_do(total_s: float, said: str) -> None:
    assert duration(total_s) == said
