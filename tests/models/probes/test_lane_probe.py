import gc
import json
import weakref
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import detectors
from models.data.images import TrainingData
from models.lanes import group as lane_group
from models.lanes.lane import Lane
from models.lanes.step import Step
from models.memory import MemoryGauge
from models.probes import lane_probe
from models.probes.lane_probe import LaneMeasurement, probe_lanes
from models.trainer import Trainer

GAN = "two-discriminator-gan"
SMALL = {"width": 4, "batch_normals": 16, "batch_anomalies": 4}


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_probe, "_RUN_SECONDS", 0.01)


def _probed(digits: TrainingData, detector: str = GAN) -> LaneMeasurement:
    values = SMALL if detector == GAN else {}
    return probe_lanes(detector, detectors.resolve(detector, values), digits, "cpu")


def test_lanes_double_until_it_is_not_worth_it(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces = {1: 100.0, 2: 90.0, 4: 300.0, 8: 320.0, 16: 325.0}
    monkeypatch.setattr(lane_probe._Probe, "pace", lambda self, lanes: paces[lanes])
    found = _probed(digits)
    assert (found.lanes, found.limit, found.gain()) == (4, "no gain", 3.0)
    assert found.sentence().startswith("4 lanes: 3.0 times one at a time, more gain under 10%, at ")


def test_a_last_doubling_in_vain_is_not_called_the_most_that_is_tried(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_probe, "MOST_LANES", 4)
    paces = {1: 100.0, 2: 200.0, 4: 210.0}
    monkeypatch.setattr(lane_probe._Probe, "pace", lambda self, lanes: paces[lanes])
    assert "2.0 times one at a time, more gain under 10%" in _probed(digits).sentence()
    paces[4] = 300.0
    assert "3.0 times one at a time, the most that is tried" in _probed(digits).sentence()


def test_lanes_that_do_not_fit_are_not_counted(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pace(self: object, lanes: int) -> float:
        if lanes > 2:
            raise RuntimeError("CUDA error: out of memory")
        return 100.0 * lanes

    monkeypatch.setattr(lane_probe._Probe, "pace", pace)
    assert _probed(digits).sentence() == "2 lanes: 2.0 times one at a time, limited by memory"


def test_lanes_that_did_not_fit_would_still_take_the_memory(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def pace(self: object, lanes: int) -> float:
        if lanes == 1:
            return 100.0
        activation = torch.zeros(1)
        made.append(weakref.ref(activation))
        circle = RuntimeError("CUDA out of memory")
        raise circle  # which its own traceback holds

    monkeypatch.setattr(lane_probe._Probe, "pace", pace)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: made.append(made[0]))
    probe = lane_probe._Probe(GAN, detectors.resolve(GAN, SMALL), digits, torch.device("cpu"))
    gc.disable()
    try:
        assert probe.double({1: 100.0}) == "memory"
        assert made[0]() is None and len(made) == 2
    finally:
        gc.enable()


def test_a_full_host_ends_the_doubling(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_probe, "_MOST_MEMORY", 0.0)
    found = _probed(digits)
    assert (found.lanes, found.limit) == (1, "memory")
    assert found.sentence() == "1 lane: limited by memory"


def test_a_real_measurement_survives_json(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_probe, "MOST_LANES", 2)
    found = _probed(digits)
    assert LaneMeasurement(**json.loads(json.dumps(asdict(found)))) == found
    assert found.images_per_second["2"] > 0 and 0 < found.arithmetic_share < 1
    assert 0 < found.memory_share < 1 and found.seconds > 0


def test_a_measurement_would_leave_out_what_training_does(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its convolutions are slower than torch's choice, and an epoch's end takes more memory."""
    monkeypatch.setattr(lane_probe, "MOST_LANES", 2)
    deterministic, happened = set(), []
    steps, scoring, read = Step.epoch, lane_group.score_lanes, MemoryGauge.read

    def stepping(self: Step, *arguments: Any) -> dict[str, Tensor]:
        deterministic.add(torch.backends.cudnn.deterministic)
        return steps(self, *arguments)

    def scored(*arguments: Any) -> dict[str, Tensor]:
        happened.append("scored")
        return scoring(*arguments)

    def reading(self: MemoryGauge) -> None:
        happened.append("read")
        read(self)

    monkeypatch.setattr(Step, "epoch", stepping)
    monkeypatch.setattr(lane_group, "score_lanes", scored)
    monkeypatch.setattr(MemoryGauge, "read", reading)
    _probed(digits)
    assert deterministic == {True}
    assert happened == ["scored", "read"] * 2


def test_a_measurement_would_initialise_the_same_lane_many_times(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = [], Trainer._make_networks

    def counted(self: Trainer, lane: Lane) -> dict[str, nn.Module]:
        made.append(lane)
        return make(self, lane)

    monkeypatch.setattr(Trainer, "_make_networks", counted)
    values = detectors.resolve(GAN, SMALL)
    lane_probe._Probe(GAN, values, digits, torch.device("cpu")).pace(8)
    assert len(made) == 1


def test_a_detector_that_cannot_be_packed_is_measured_alone(
    digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "packable", lambda name: False)
    assert set(_probed(digits).images_per_second) == {"1"}


def test_a_detector_without_training_has_no_lanes(digits: TrainingData) -> None:
    with pytest.raises(ValueError, match="random trains nothing"):
        _probed(digits, "random")
