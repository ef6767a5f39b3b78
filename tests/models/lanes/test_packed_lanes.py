"""What happens in one lane changes no bit of another, at a fixed number of lanes."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.device_images import device_images
from models.evaluation import validation
from models.evaluation.validation import Validation
from models.lanes import group as lane_group
from models.lanes.lane import EpochResult, Lane
from models.trainer import Trainer
from tests.models.conftest import on_every_device

MakeTrainer = Callable[..., Trainer]
GAN = "two-discriminator-gan"
UNEQUAL: tuple[dict[str, Any], ...] = (
    {},
    {"patch_n": 1, "patch_weight": 4.0, "generator_lr": 4e-4},
    {"abc_weight": 3.0, "discriminator_lr": 5e-4, "beta1": 0.9, "score": "mixture"},
    {"reconstruction_weight": 3.0, "beta1": 0.0},
)


def _curve(result: EpochResult) -> tuple[int, dict[str, float], dict[str, float]]:
    return result.epoch, result.losses, result.metrics


def _same_weights(one: Trainer, other: Trainer, lane: int, of_other: int | None = None) -> bool:
    left, right = one.state(lane), other.state(lane if of_other is None else of_other)
    moments = [
        torch.equal(value, right["moments"][key][name])
        for key, values in left["moments"].items()
        for name, value in values.items()
    ]
    weights = [
        torch.equal(value, right["weights"][name]) for name, value in left["weights"].items()
    ]
    return left["epoch"] == right["epoch"] and all(moments) and all(weights)


@on_every_device
def test_a_held_lane_goes_on_as_if_nobody_had_trained_meanwhile(make_trainer: MakeTrainer) -> None:
    paused, straight = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    expected = [straight.epoch() for _ in range(3)]
    paused.epoch()
    assert set(paused.epoch(active=[0, 3])) == {0, 3}
    second = paused.epoch(active=[1, 2])
    third = paused.epoch()
    for lane in (1, 2):
        assert _curve(second[lane]) == _curve(expected[1][lane])
    for lane in range(4):
        assert _curve(third[lane]) == _curve(expected[2][lane])
        assert _same_weights(paused, straight, lane)


@on_every_device
def test_a_held_lane_keeps_its_fitted_score(make_trainer: MakeTrainer) -> None:
    packed = make_trainer(*UNEQUAL)
    packed.epoch()
    before = packed.fitted(2)
    packed.epoch(active=[0])
    after = packed.fitted(2)
    assert (after.mixture, after.threshold) == (before.mixture, before.threshold)


@on_every_device
def test_empty_lanes_and_replacements_leave_the_others_alone(make_trainer: MakeTrainer) -> None:
    busy, quiet = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    busy.epoch(), quiet.epoch()
    busy.release(1)
    assert busy.lanes[1] is None
    busy.epoch(), quiet.epoch()
    new = Lane(hyperparameters=quiet.lanes[2].hyperparameters, seed=99)  # type: ignore[union-attr]
    busy.replace(1, new)
    busy.replace(3, new)
    ours, theirs = busy.epoch(), quiet.epoch()
    for lane in (0, 2):
        assert _curve(ours[lane]) == _curve(theirs[lane])
        assert _same_weights(busy, quiet, lane)
    assert _curve(ours[1]) == _curve(ours[3])


@on_every_device
def test_a_trainer_may_start_with_empty_lanes(
    make_trainer: MakeTrainer, digits: TrainingData, device: str
) -> None:
    lanes = make_trainer(*UNEQUAL).lanes
    full = Trainer(GAN, digits, lanes, device=device, precision="float32")
    late = Trainer(GAN, digits, [None, lanes[1], None, None], device=device, precision="float32")
    assert set(late.epoch()) == {1}
    late.replace(0, lanes[0])  # type: ignore[arg-type]
    assert _curve(late.epoch(active=[0])[0]) == _curve(full.epoch()[0])
    with pytest.raises(ValueError, match="lane 2 cannot train: there is no configuration in it"):
        late.epoch(active=[2])


@on_every_device
@pytest.mark.parametrize("detector", [GAN, "autoencoder"])
def test_a_curve_does_not_depend_on_the_lanes_place(
    digits: TrainingData, detector: str, device: str
) -> None:
    """Nor on what the other lanes train, nor on their epochs.

    All sizes fill the processor's vectors: what is left over is computed by other code, which on a
    CPU can change the last digits of the last lane.
    """
    values = {"width": 16, "batch_normals": 32}
    if detector == GAN:
        values["batch_anomalies"] = 32
    resolved = detectors.resolve(detector, values)
    ours, others = Lane(hyperparameters=resolved, seed=7), _others(resolved, 3)
    first = Trainer(detector, digits, [ours, *others[1:]], device=device, precision="float32")
    expected = [first.epoch()[0] for _ in range(2)]
    for place in (1, 2):
        lanes: list[Lane | None] = [*others]
        lanes[place] = None
        trainer = Trainer(detector, digits, lanes, device=device, precision="float32")
        trainer.epoch()
        trainer.replace(place, ours)
        for epoch in range(2):
            assert _curve(trainer.epoch()[place]) == _curve(expected[epoch]), place
        assert _same_weights(first, trainer, 0, place)


def _others(resolved: dict[str, Any], count: int) -> list[Lane]:
    rates = [name for name in resolved if name.endswith("_lr") or name == "learning_rate"]
    return [
        Lane(hyperparameters={**resolved, **dict.fromkeys(rates, 10.0 ** (-place))}, seed=place)
        for place in range(count)
    ]


@on_every_device
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_lane_that_explodes_is_an_island_for_epochs(
    make_trainer: MakeTrainer, poison: float
) -> None:
    sick, well = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    state = sick.state(1)
    state["weights"]["encoder.convs.1.weight"][0, 0, 0, 0] = poison
    state["weights"]["normal_discriminator.convs.1.weight"][:] = poison
    sick.load_state(1, state)
    for _ in range(2):
        ours, theirs = sick.epoch(), well.epoch()
        assert ours[1].diverged and ours[1].metrics == {}
        for lane in (0, 2, 3):
            assert _curve(ours[lane]) == _curve(theirs[lane])
    for lane in (0, 2, 3):
        assert _same_weights(sick, well, lane)


@on_every_device
def test_a_lane_whose_scoring_raises_fails_alone(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, well = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    judge = validation.judge

    def moody(parts: Any, anomalous: Any, lanes: Any, *more: Any) -> list[Validation | None]:
        if any(values.get("patch_n") == 1 for values in lanes):
            raise ArithmeticError("no score today")
        return judge(parts, anomalous, lanes, *more)

    with monkeypatch.context() as patch:
        patch.setattr(validation, "judge", moody)
        results = packed.epoch()
    expected = well.epoch()
    assert str(results[1].error) == "no score today"
    assert not results[1].diverged and results[1].metrics == {}
    for lane in (0, 2, 3):
        assert results[lane].error is None
        assert _curve(results[lane]) == _curve(expected[lane])
    with pytest.raises(ValueError, match="lane 1 has no usable validation"):
        packed.fitted(1)
    assert _curve(packed.epoch()[1]) == _curve(well.epoch()[1])


@on_every_device
def test_an_epoch_that_fails_leaves_no_trace(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted, straight = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    interrupted.epoch(), straight.epoch()

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lane_group, "score_lanes", breaks)  # all is trained by then
        with pytest.raises(KeyboardInterrupt):
            interrupted.epoch()
    for lane in range(4):
        assert _same_weights(interrupted, straight, lane)
    assert _curve(interrupted.epoch()[2]) == _curve(straight.epoch()[2])


def test_trainers_of_the_same_data_share_the_images(digits: TrainingData) -> None:
    device = torch.device("cpu")
    assert device_images(digits, device) is device_images(digits, device)


def test_a_detector_that_cannot_be_packed_trains_one_lane_at_a_time(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert detectors.packable(GAN)
    monkeypatch.setattr(detectors._module(GAN, "hyperparameters"), "PACKABLE", False, raising=False)
    assert not detectors.packable(GAN)
    make_trainer({}).epoch()
    with pytest.raises(ValueError, match="cannot be packed"):
        make_trainer({}, {})
