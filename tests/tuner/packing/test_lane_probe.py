"""What is remembered of a measurement, and what the host's memory leaves of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models import detectors
from models.data.sources import CACHE_VARIABLE
from models.probes.lane_probe import LaneMeasurement
from tuner.packing import lane_probe
from tuner.packing.lane_probe import Host
from tuner.planning.lanes import LaneChoice
from tuner.worker.search_setting import TrialSetting

SIXTEEN = LaneMeasurement(
    lanes=16,
    images_per_second={"1": 1000.0, "16": 8000.0},
    limit="memory",
    memory_share=0.7,
    arithmetic_share=0.1,
    state_bytes=0,
    seconds=9.0,
)
Measure = Callable[..., LaneChoice]


@pytest.fixture
def measure(
    tmp_path: Path, setting: TrialSetting, monkeypatch: pytest.MonkeyPatch
) -> tuple[Measure, list[object]]:
    """Measures for a width and a number of GPUs; beside it, the widths that were really probed."""
    probed: list[object] = []

    def probe(detector: str, values: dict[str, object], data: object) -> LaneMeasurement:
        probed.append(values["width"])
        return SIXTEEN

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(lane_probe, "probe_lanes", probe)
    monkeypatch.setattr(lane_probe, "_free_bytes", lambda: 8 * 2**30)

    def measured(width: int = 4, **host: Any) -> LaneChoice:
        values = detectors.resolve(setting.detector, {"width": width})
        return lane_probe.measure_lanes(setting, values, Host(**host))

    return measured, probed


def test_a_host_would_get_more_trial_actors_than_it_has_memory_for(
    measure: tuple[Measure, list[object]],
) -> None:
    measured, _ = measure
    assert measured(gpus=2) == LaneChoice(count=16, sentence=SIXTEEN.sentence())
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
    assert probed == [4]
    measured(width=8)
    assert probed == [4, 8]
    for torn in ("{", "{}", "[1]", '{"lanes": 3}'):
        del probed[:]
        for remembered in (tmp_path / "cache" / "measured").iterdir():
            remembered.write_text(torn)
        assert measured().count == 16
        assert probed == [4]


def test_a_host_would_get_more_lanes_than_it_can_hold_checkpoints_of(
    measure: tuple[Measure, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of 8 GiB, or of what Ray may use; a trial takes 120 MiB and four copies of its state."""
    measured, _ = measure
    large = replace(SIXTEEN, state_bytes=98 * 2**20)
    monkeypatch.setattr(lane_probe, "probe_lanes", lambda *_, **__: large)
    assert measured().count == 8
    assert measured(ray_memory_bytes=4 * 2**30).count == 4
