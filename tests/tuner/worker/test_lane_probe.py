"""What is remembered of a measurement, and what the host's memory leaves of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import detectors
from models.data.sources import CACHE_VARIABLE
from models.lane_probe import LaneMeasurement
from tuner.lanes import LaneChoice
from tuner.setting import TrialSetting
from tuner.worker import lane_probe

SIXTEEN = LaneMeasurement(
    lanes=16,
    images_per_second={"1": 1000.0, "16": 8000.0},
    limit="memory",
    memory_share=0.7,
    arithmetic_share=0.1,
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

    def measured(width: int = 4, gpus: int = 1) -> LaneChoice:
        values = detectors.resolve(setting.detector, {"width": width})
        return lane_probe.measure_lanes(setting, values, gpus)

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
    for remembered in (tmp_path / "cache" / "lanes").iterdir():
        remembered.write_text("{")
    assert measured().count == 16
    assert probed == [4, 8, 4]
