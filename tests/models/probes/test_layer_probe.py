"""Which way of a layer is faster, and that the training then takes it."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from models import detectors
from models.data.images import TrainingData
from models.lanes.group import LaneGroup
from models.lanes.lane import Lane
from models.networks.layer_ways import Way
from models.networks.strided import STRIDED, LayerShape
from models.probes import layer_probe
from models.probes.layer_probe import (
    Conditions,
    LayerTiming,
    faster_ways,
    layer_shapes,
    layer_timings,
)
from models.trainer import Trainer
from tests.models.conftest import GAN, SMALL, on_every_device

HALVING = LayerShape(layer="Halving", count=20, channels=4, width=8, side=8)
TWO = Conditions(lanes=2, device=torch.device("cpu"), precision="float32")


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_probe, "_RUN_SECONDS", 0.001)
    monkeypatch.setattr(layer_probe, "_STEP_RUN_SECONDS", 0.01)


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
        (math.inf, math.inf, "library"),
    ],
)
def test_the_slower_way_would_be_taken(library_s: float, product_s: float, way: str) -> None:
    timing = LayerTiming(shape=HALVING, library_s=library_s, product_s=product_s)
    assert timing.way == way


@on_every_device
def test_a_layer_would_be_timed_twice_in_one_way(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, training_of = [], layer_probe.training_of

    def counted(shape: LayerShape, way: Way, conditions: Conditions) -> Any:
        trained.append((shape, way))
        return training_of(shape, way, conditions)

    monkeypatch.setattr(layer_probe, "training_of", counted)
    conditions = Conditions(lanes=2, device=torch.device(device), precision="float32")
    (timing,) = layer_timings([HALVING], conditions)
    assert trained == [(HALVING, "library"), (HALVING, "product")] * 2
    assert 0 < timing.library_s < 10 and 0 < timing.product_s < 10


def test_a_way_without_room_would_end_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(nn.Conv2d, "forward", full)
    (timing,) = layer_timings([HALVING], TWO)
    assert timing.library_s == math.inf and timing.way == "product"


def test_another_error_would_pass_for_a_slow_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no kernel for this")

    monkeypatch.setattr(nn.Conv2d, "forward", broken)
    with pytest.raises(RuntimeError, match="no kernel"):
        list(layer_timings([HALVING], TWO))


@pytest.fixture
def products_are_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layer alone; a step of two lanes is measured as it is."""

    def quicker(shapes: list[LayerShape], _: Conditions) -> list[LayerTiming]:
        return [LayerTiming(shape=shape, library_s=2.0, product_s=1.0) for shape in shapes]

    monkeypatch.setattr(layer_probe, "layer_timings", quicker)


@pytest.mark.usefixtures("products_are_quicker")
@pytest.mark.parametrize(("by_library_s", "way"), [(2.0, "product"), (0.5, "library")])
def test_ways_that_are_no_faster_together_would_be_taken(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch, by_library_s: float, way: Way
) -> None:
    def seconds(group: LaneGroup) -> float:
        assert len(group) == 3
        return 1.0 if "product" in group._arithmetic.layer_ways.values() else by_library_s

    monkeypatch.setattr(layer_probe, "_seconds_of_steps", seconds)
    ways = faster_ways(GAN, _lanes(1)[0].hyperparameters, digits, "cpu", lanes=3)
    assert set(ways.values()) == {way}


@pytest.mark.usefixtures("products_are_quicker")
@pytest.mark.parametrize("both", [True, False])
def test_ways_without_room_for_them_would_be_taken_or_cost_the_search_its_lanes(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch, both: bool
) -> None:
    def seconds(group: LaneGroup) -> float:
        if both or "product" in group._arithmetic.layer_ways.values():
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return 1.0

    monkeypatch.setattr(layer_probe, "_seconds_of_steps", seconds)
    ways = faster_ways(GAN, _lanes(1)[0].hyperparameters, digits, "cpu", lanes=3)
    assert set(ways.values()) == {"library"}


@on_every_device
@pytest.mark.usefixtures("products_are_quicker")
def test_ways_would_not_be_tried_on_the_whole_step(
    digits: TrainingData, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds_of_steps = layer_probe._seconds_of_steps
    least: dict[str, float] = {}

    def timed(group: LaneGroup) -> float:
        (way,) = set(group._arithmetic.layer_ways.values())
        seconds = seconds_of_steps(group)
        least[way] = min(seconds, least.get(way, math.inf))
        return seconds

    monkeypatch.setattr(layer_probe, "_seconds_of_steps", timed)
    ways = faster_ways(GAN, _lanes(1)[0].hyperparameters, digits, device, lanes=2)
    assert all(0 < seconds < 100 for seconds in least.values())
    gained = 1.01 * least["product"] < least["library"]
    assert set(ways.values()) == {"product" if gained else "library"}


def test_lanes_would_not_train_in_the_ways_that_were_measured(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They give the same numbers but for rounding."""
    alone = Trainer(GAN, digits, _lanes(1), device="cpu", precision="float32")
    ways = dict.fromkeys(map(str, layer_shapes(alone.whole())), "product")
    by_library = _strided_convolutions(monkeypatch)

    def epoch(**more: Any) -> dict[str, float]:
        by_library.clear()
        trainer = Trainer(GAN, digits, _lanes(2), device="cpu", precision="float32", **more)
        return trainer.epoch()[1].losses

    usual = epoch()
    assert by_library == {"FromImage", "Halving", "Doubling"}
    measured = epoch(layer_ways=ways)
    assert not by_library
    assert measured == pytest.approx(usual, rel=1e-3)


def _strided_convolutions(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The kinds of layers that the library computes while gradients are taken."""
    kinds: set[str] = set()
    for plain in (nn.Conv2d, nn.ConvTranspose2d):
        monkeypatch.setattr(plain, "forward", _noting(plain.forward, kinds))
    return kinds


def _noting(forward: Callable[..., torch.Tensor], kinds: set[str]) -> Callable[..., torch.Tensor]:
    def noted(self: nn.Module, *values: torch.Tensor) -> torch.Tensor:
        if type(self).__name__ in STRIDED and torch.is_grad_enabled():
            kinds.add(type(self).__name__)
        return forward(self, *values)

    return noted


def test_a_detector_that_trains_nothing_would_be_measured(digits: TrainingData) -> None:
    assert faster_ways("random", detectors.resolve("random", {}), digits, "cpu") == {}
