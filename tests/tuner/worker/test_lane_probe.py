"""What is remembered of a measurement, and what the host's memory leaves of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models import detectors
from models.data.sources import CACHE_VARIABLE
from models.networks.layer_ways import Way
from models.probes.lane_probe import LaneMeasurement
from tuner.lanes import LaneChoice, SettledLanes
from tuner.worker import lane_probe
from tuner.worker.lane_probe import Host
from tuner.worker.setting import TrialSetting

SIXTEEN = LaneMeasurement(
    lanes=16,
    images_per_second={"1": 1000.0, "16": 8000.0},
    limit="memory",
    memory_share=0.7,
    arithmetic_share=0.1,
    state_bytes=0,
    seconds=9.0,
)
WAYS: dict[str, Way] = {"Halving 16x4x8x8 to 8": "product"}
NOTHING = SettledLanes()
Measure = Callable[..., LaneChoice]


@pytest.fixture
def measure(
    tmp_path: Path, setting: TrialSetting, monkeypatch: pytest.MonkeyPatch
) -> tuple[Measure, list[object]]:
    """Measures for a width and a number of GPUs; beside it, the widths that were really probed."""
    probed: list[object] = []

    def probe(
        detector: str, values: dict[str, object], data: object, layer_ways: object
    ) -> LaneMeasurement:
        assert layer_ways == WAYS
        probed.append(values["width"])
        return SIXTEEN

    def ways(detector: str, values: dict[str, object], data: object, lanes: int) -> dict[str, str]:
        probed.append(f"layers of {values['width']}, {lanes} lanes")
        return dict(WAYS)

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(lane_probe, "probe_lanes", probe)
    monkeypatch.setattr(lane_probe, "faster_ways", ways)
    monkeypatch.setattr(lane_probe, "_free_bytes", lambda: 8 * 2**30)

    def measured(width: int = 4, settled: SettledLanes = NOTHING, **host: Any) -> LaneChoice:
        values = detectors.resolve(setting.detector, {"width": width})
        return lane_probe.measure_lanes(setting, values, settled, Host(**host))

    return measured, probed


def test_a_host_would_get_more_trial_actors_than_it_has_memory_for(
    measure: tuple[Measure, list[object]],
) -> None:
    measured, _ = measure
    assert measured(gpus=2) == LaneChoice(count=16, sentence=SIXTEEN.sentence(), layer_ways=WAYS)
    few = measured(gpus=4)
    assert few.count == 8
    assert few.sentence.startswith("8 lanes: the host's free memory has room for no more trial")
    assert few.sentence.endswith("(16 lanes: 8.0 times one at a time, limited by memory)")
    assert measured(gpus=1000).count == 1


def test_a_measurement_would_be_made_twice_or_answer_for_another_structure(
    measure: tuple[Measure, list[object]], tmp_path: Path
) -> None:
    measured, probed = measure
    assert measured() == measured()
    assert probed == ["layers of 4, 8 lanes", 4]
    measured(width=8)
    assert probed[2:] == ["layers of 8, 8 lanes", 8]
    for torn in ("{", "{}", "[1]", '{"lanes": 3}'):
        del probed[:]
        for remembered in (tmp_path / "cache" / "measured").iterdir():
            if torn != "{}" or remembered.name.startswith("lanes"):
                remembered.write_text(torn)
        assert measured().count == 16
        assert 4 in probed


def test_what_is_settled_would_be_measured(measure: tuple[Measure, list[object]]) -> None:
    measured, probed = measure
    assert measured(settled=SettledLanes(count=5)) == LaneChoice(count=5, layer_ways=WAYS)
    assert probed == ["layers of 4, 5 lanes"]
    assert measured(settled=SettledLanes(layer_ways=WAYS)).layer_ways == WAYS
    assert probed[1:] == [4]


def test_a_layer_that_cannot_be_measured_would_cost_all_lanes(
    measure: tuple[Measure, list[object]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no engine for this layer")

    def probe(*_: object, layer_ways: object) -> LaneMeasurement:
        assert layer_ways == {}
        return SIXTEEN

    measured, _ = measure
    with monkeypatch.context() as patch:
        patch.setattr(lane_probe, "faster_ways", broken)
        patch.setattr(lane_probe, "probe_lanes", probe)
        found = measured()
    assert (found.count, found.layer_ways) == (16, {})
    assert found.sentence.startswith("16 lanes: 8.0 times one at a time, limited by memory. The")
    assert found.sentence.endswith("could not be measured: RuntimeError: no engine for this layer")
    assert measured().layer_ways == WAYS


def test_a_host_would_get_more_lanes_than_it_can_hold_checkpoints_of(
    measure: tuple[Measure, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of 8 GiB, or of what Ray may use; a trial takes 120 MiB and four copies of its state."""
    measured, _ = measure
    large = replace(SIXTEEN, state_bytes=98 * 2**20)
    monkeypatch.setattr(lane_probe, "probe_lanes", lambda *_, **__: large)
    assert measured().count == 8
    assert measured(ray_memory_bytes=4 * 2**30).count == 4
