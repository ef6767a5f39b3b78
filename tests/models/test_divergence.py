"""When a lane counts as diverged, why, and what is left of it."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models.lanes import group
from models.lanes.group import LaneGroup
from models.lanes.state import LaneState
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]


def test_a_lane_would_count_as_whole_whose_weights_alone_are_not_finite(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer({}, {}, detector="autoencoder")
    monkeypatch.setattr(LaneState, "finite", lambda state: [False, True])
    sick, well = trainer.epoch().values()
    assert all(map(math.isfinite, sick.losses.values()))
    assert (sick.diverged, sick.metrics) == (True, {})
    assert sick.why == "diverged: its weights are not finite"
    assert not well.diverged


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_lane_would_count_as_whole_whose_losses_alone_are_not_finite(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    train = LaneGroup._train

    def losing(self: LaneGroup, number: int) -> dict[str, torch.Tensor]:
        return {**train(self, number), "reconstruction": torch.tensor([0.5, value])}

    monkeypatch.setattr(LaneGroup, "_train", losing)
    well, sick = make_trainer({}, {}, detector="autoencoder").epoch().values()
    assert (sick.diverged, sick.metrics) == (True, {})
    assert sick.why == "diverged: its loss reconstruction is not finite"
    assert not well.diverged


def scored_as(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, torch.Tensor]], None]
) -> None:
    score = group.score_lanes

    def changed(*given: Any) -> dict[str, torch.Tensor]:
        parts = score(*given)
        change(parts)
        return parts

    monkeypatch.setattr(group, "score_lanes", changed)


def test_scores_that_are_not_finite_would_be_called_a_training_that_diverged(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_one(parts: dict[str, torch.Tensor]) -> None:
        parts["patch"][0, 3] = math.nan

    scored_as(monkeypatch, break_one)
    (result,) = make_trainer().epoch().values()
    assert all(map(math.isfinite, result.losses.values()))
    assert result.why == "diverged: its score part patch is not finite"


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (("patch",), "collapsed: its score part patch is the same for all images"),
        (None, "collapsed: it scores all images the same"),
    ],
)
def test_constant_scores_would_be_called_a_training_that_diverged(
    make_trainer: MakeTrainer,
    monkeypatch: pytest.MonkeyPatch,
    constant: tuple[str, ...] | None,
    expected: str,
) -> None:
    """A collapsed generator; a mixture needs each of its parts to tell images apart."""

    def flatten(parts: dict[str, torch.Tensor]) -> None:
        for name in constant or parts:
            parts[name][:] = 0.25

    scored_as(monkeypatch, flatten)
    (result,) = make_trainer({"score": "mixture"}).epoch().values()
    assert all(map(math.isfinite, result.losses.values()))
    assert (result.diverged, result.why) == (True, expected)


def test_a_detector_would_be_kept_with_the_validation_of_weights_that_are_gone(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer(detector="autoencoder")
    trainer.epoch()
    state = trainer.state(0)
    trainer.epoch()
    trainer.load_state(0, state)
    with pytest.raises(ValueError, match="no usable validation: train an epoch first"):
        trainer.fitted(0)
    trainer.epoch()
    assert trainer.fitted(0).threshold > 0
