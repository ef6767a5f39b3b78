import random
import time
from collections.abc import Sequence

import pytest

from tests.tuner.fake_trials import trial
from tests.tuner.space.test_space import GOOD
from tuner.engine.early_stopping import make_scheduler, rungs_of
from tuner.planning.dry_run import dry_run_text
from tuner.planning.forecast import START_S, Range, epochs_left, epochs_to_train, estimate_seconds
from tuner.planning.open_trials import open_trials
from tuner.planning.simulated_rest import _shown, epochs_of_a_draw
from tuner.record.trials import TrialView
from tuner.space import Machine, Space, published_trials, trials_at_once


def space(**changes: object) -> Space:
    return Space.model_validate(GOOD | {"trials": 20, "epochs": 9} | changes)


def trained_by_asha(trials: int, stops: list[int], epochs: int, seed: int) -> int:
    """Epochs of one search in which trials, better or worse at random, come one after another."""
    numpy = pytest.importorskip("numpy")
    generator, recorded, total = random.Random(seed), {stop: [] for stop in stops}, 0
    for number in range(trials):
        value, reached = generator.random(), epochs
        for stop in stops:
            before = recorded[stop]
            cutoff = numpy.percentile(before, (1 - 1 / 3) * 100) if before else -1.0
            before.append(value)
            if value < cutoff and number >= 2:  # the two published sets run their full length
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


def test_a_search_of_millions_of_trials_would_be_forecast_for_ever_or_wrongly() -> None:
    machine, a_second = Machine(cpus=2), lambda _space, _machine, _lanes: 1.0
    for scheduler in ("stop", "promote"):
        start = time.process_time()
        endless = space(trials=10_000_000, epochs=1_000_000, scheduler={"type": scheduler})
        text = dry_run_text(endless, machine, a_second)
        assert time.process_time() - start < 2
        assert "Trials: 10000000" in text
    thousand = space(trials=1_000)
    half, whole = (epochs_to_train(space(trials=count)) for count in (500, 1_000))
    greatest, least = 1_000 * 9, 1_000 + 2 * 8  # both published ones train to their end
    assert (whole.greatest, whole.least) == (greatest, least)
    assert whole.likely == pytest.approx(_played_whole(thousand), rel=0.05)
    assert whole.likely > 1.9 * half.likely


def _played_whole(sized: Space) -> float:
    runs = [
        epochs_of_a_draw(sized, (), open_trials(sized, ()), random.Random(seed))
        for seed in range(4)
    ]
    return sum(runs) / len(runs)


def test_a_range_of_one_time_would_be_said_from_it_to_it() -> None:
    assert Range(least=20.1, likely=20.2, greatest=20.4).spelt("{:.0f} s".format) == "20 s"
    assert Range(least=20, likely=22, greatest=25).spelt("{:.0f} s".format) == "20 s to 25 s"


def test_an_epoch_would_be_plural() -> None:
    assert "every trial trains 1 epoch." in dry_run_text(space(epochs=1), Machine(cpus=2))


def test_the_time_would_not_follow_the_measured_epoch() -> None:
    sized = space(scheduler={"name": "none"})
    epochs = epochs_to_train(sized)
    times = estimate_seconds(sized, Machine(cpus=2), lambda _space, _machine, _lanes: 3.0, epochs)
    assert times.likely == pytest.approx(180 * 3 / 2 + START_S)


def test_the_time_would_be_that_of_trials_alone_where_they_train_in_packs() -> None:
    """Four lanes a step, in 10 s where one takes 3: eight trials train at once on two cores."""
    packed = space(scheduler={"name": "none"}, resources={"lanes": 4})
    asked = list[int]()

    def probe(_space: Space, _machine: Machine, lanes: int) -> float:
        asked.append(lanes)
        return 10.0 if lanes == 4 else 3.0

    times = estimate_seconds(packed, Machine(cpus=2), probe, epochs_to_train(packed))
    assert asked == [4]
    assert times.likely == pytest.approx(180 * 10 / 8 + START_S)
    text = dry_run_text(packed, Machine(cpus=2), probe)
    assert "by a measured epoch of 4 lanes together" in text
    told = dry_run_text(space(), Machine(cpus=2, gpus=1), probe)
    assert "by a measured epoch of one trial a GPU" in told


def left(trials: Sequence[TrialView], **changes: object) -> Range:
    return epochs_left(space(**changes), trials)


def test_what_is_left_would_not_follow_from_what_the_record_has() -> None:
    """Of 20 trials that train 9 epochs at most; they are compared after epochs 1 and 3."""
    published = [trial(n, *[0.9] * 9, published=f"W{n + 1}") for n in range(2)]
    pruned = [trial(n, 0.5, state="pruned", reason="asha") for n in range(2, 12)]
    running = [trial(12, 0.8, 0.8, state="running"), trial(13, state="running")]
    to_come = 20 - 14
    found = left([*published, *pruned, *running])
    assert found.least == (3 - 2) + 1 + to_come
    assert found.greatest == (9 - 2) + 9 + to_come * 9
    assert found.least < found.likely < found.greatest


def test_trials_still_to_come_would_count_for_nothing_after_expensive_ones() -> None:
    """More epochs than were likely for all are trained, and 16 trials have not begun."""
    long = [trial(n, *[0.9] * 9, published=f"W{n + 1}" if n < 2 else None) for n in range(4)]
    found = left(long)
    assert (found.least, found.greatest) == (16, 16 * 9)
    assert found.likely > 16


def test_a_search_at_its_end_would_have_epochs_left() -> None:
    over = [trial(n, 0.5, state="pruned", reason="asha") for n in range(19)]
    over.append(trial(19, state="pruned", reason="diverged"))
    assert left(over) == Range(least=0, likely=0, greatest=0)
    assert left(over, scheduler={"name": "none"}).greatest == 0


def test_paused_trials_would_be_sure_to_go_on_or_never() -> None:
    promote = {"scheduler": {"type": "promote"}}
    paused = [trial(n, n / 30, state="paused") for n in range(2, 20)]
    published = [trial(n, *[0.0] * 9, published=f"W{n + 1}") for n in range(2)]
    found = left([*published, *paused], **promote)
    assert found.least == 0
    assert found.greatest == 18 * 8
    assert found.likely >= 6 * 2  # 6 of 20 at the first rung go on to the third epoch, and so on


def test_a_running_trial_ahead_of_all_would_not_be_sure_to_go_on() -> None:
    ahead = [trial(0, 0.5, 0.5, state="running"), trial(1, 0.4, state="pruned", reason="asha")]
    found = epochs_left(space(trials=2, scales={}), ahead)
    assert (found.least, found.greatest) == (7, 7)


def test_trials_would_not_stand_among_each_other_as_in_the_record() -> None:
    recorded = [trial(n, value) for n, value in enumerate((0.5, 0.9, 0.7, 0.8, 0.6))]
    small = space(trials=5, scales={})
    drawn = _shown(small, make_scheduler(small), recorded, random.Random(0))
    assert sorted(drawn, key=lambda number: drawn[number]) == [0, 4, 2, 3, 1]


def test_a_dry_run_would_leave_out_what_people_ask_for() -> None:
    scaled = space(scales={"cpu": {"width": 16}})
    text = dry_run_text(scaled, Machine(cpus=2), lambda _space, _machine, _lanes: 60.0)
    for part in (
        "patch_n: {int: [1, 9]}",
        "fixed:\n  width: 16",
        "Scale cpu: width 16, 20 trials of at most 9 epochs",
        "2 cores and no GPUs; 2 trials train at once",
        "Trials: 20, first the published W1 and W2, which are never stopped.",
        "after epoch 1, 3, the best 1 in 3",
        "at least 36, at most 180",
        "18 min to 1.5 h at this pace",
        "Nothing was started",
    ):
        assert part in text
    assert "Time: not measured." in dry_run_text(scaled, Machine(cpus=2))
