"""Which way of a layer is faster, and that the training then takes it."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from models import detectors, layer_probe
from models.data.images import TrainingData
from models.detectors.strided import Halving, LayerShape
from models.layer_probe import Conditions, LayerTiming, faster_ways, layer_shapes, time_layer
from models.trainer import Lane, Trainer
from tests.models.conftest import GAN, SMALL

HALVING = LayerShape(layer="Halving", count=20, channels=4, width=8, side=8)
TWO = Conditions(lanes=2, device=torch.device("cpu"), precision="float32")


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_probe, "_RUN_SECONDS", 0.001)


def _lanes(count: int) -> list[Lane]:
    values = detectors.resolve(GAN, SMALL)
    return [Lane(hyperparameters=values, seed=seed) for seed in range(count)]


def test_a_layer_of_the_step_would_not_be_measured(digits: TrainingData) -> None:
    """16 x 16 images, 16 normals and 4 anomalies a batch, through a generator of width 4."""
    trainer = Trainer(GAN, digits, _lanes(1), device="cpu", precision="float32")
    met = set(map(str, layer_shapes(trainer.whole())))
    generator = {
        "FromImage 20x1x16x16 to 4",
        "Halving 20x4x8x8 to 8",
        "Halving 20x8x4x4 to 16",
        "Halving 20x16x2x2 to 32",
        "Doubling 20x32x1x1 to 16",
        "Doubling 20x32x2x2 to 8",
        "Doubling 20x16x4x4 to 4",
        "ToImage 20x8x8x8 to 1",
    }
    discriminators = {"FromImage 16x1x16x16 to 4", "FromImage 4x1x16x16 to 4"}
    assert met >= generator | discriminators


@pytest.mark.parametrize(
    ("library_s", "product_s", "way"),
    [
        (2.0, 1.0, "product"),
        (1.0, 2.0, "library"),
        (1.0, 0.99, "library"),
        (1.0, math.inf, "library"),
    ],
)
def test_the_slower_way_would_be_taken(library_s: float, product_s: float, way: str) -> None:
    timing = LayerTiming(shape=HALVING, library_s=library_s, product_s=product_s)
    assert timing.way == way


def test_a_layer_is_timed_in_both_ways() -> None:
    timing = time_layer(HALVING, TWO)
    assert 0 < timing.library_s < 10 and 0 < timing.product_s < 10
    assert timing.library_s != timing.product_s


def test_a_way_without_room_would_end_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(nn.Conv2d, "forward", full)
    timing = time_layer(HALVING, TWO)
    assert timing.library_s == math.inf and timing.way == "product"


def test_another_error_would_pass_for_a_slow_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no kernel for this")

    monkeypatch.setattr(nn.Conv2d, "forward", broken)
    with pytest.raises(RuntimeError, match="no kernel"):
        time_layer(HALVING, TWO)


def test_lanes_would_not_train_in_the_ways_that_were_measured(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They give the same numbers but for rounding."""

    def quicker(shape: LayerShape, _: Conditions) -> LayerTiming:
        return LayerTiming(shape=shape, library_s=2.0, product_s=1.0)

    monkeypatch.setattr(layer_probe, "time_layer", quicker)
    ways = faster_ways(GAN, _lanes(1)[0].hyperparameters, digits, "cpu")
    assert set(ways.values()) == {"product"}
    by_library = _deep_convolutions(monkeypatch)

    def epoch(**more: Any) -> dict[str, float]:
        by_library.clear()
        trainer = Trainer(GAN, digits, _lanes(2), device="cpu", precision="float32", **more)
        return trainer.epoch()[1].losses

    usual = epoch()
    assert by_library
    measured = epoch(layer_ways=ways)
    assert not by_library
    assert measured == pytest.approx(usual, rel=1e-3)


def _deep_convolutions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sides of what the library was given of the deeper levels while gradients were taken."""
    sides: list[int] = []
    forward: Callable[..., torch.Tensor] = nn.Conv2d.forward

    def seen(self: nn.Conv2d, values: torch.Tensor) -> torch.Tensor:
        if isinstance(self, Halving) and torch.is_grad_enabled():
            sides.append(values.shape[-1])
        return forward(self, values)

    monkeypatch.setattr(nn.Conv2d, "forward", seen)
    return sides


def test_a_detector_that_trains_nothing_would_be_measured(digits: TrainingData) -> None:
    assert faster_ways("random", detectors.resolve("random", {}), digits, "cpu") == {}
