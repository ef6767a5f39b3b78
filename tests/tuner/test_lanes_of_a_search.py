"""How the layers of a search's lanes are computed: measured once, then as its record says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.hyperparameters import Value
from models.networks.layer_ways import Way
from tests.tuner.test_lanes import GPUS, space
from tests.tuner.worker.conftest import make_setting
from tuner.lanes import LaneChoice, SettledLanes
from tuner.record.journal import Journal
from tuner.record.run_folder import RunFolder
from tuner.searching import _with_lanes
from tuner.worker.setting import TrialSetting

__all__ = ["make_setting"]

MEASURED: dict[str, Way] = {"Halving 80x64x16x16 to 128": "product"}
RECORDED: dict[str, Way] = {"Halving 80x64x16x16 to 128": "library"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SettledLanes]:
    """What a GPU is told to be settled; it measures the rest."""
    told: list[SettledLanes] = []

    def measure(
        _setting: TrialSetting, _values: dict[str, Value], settled: SettledLanes
    ) -> LaneChoice:
        told.append(settled)
        ways = MEASURED if settled.layer_ways is None else settled.layer_ways
        return LaneChoice(count=settled.count or 12, layer_ways=ways)

    monkeypatch.setattr("tuner.searching.lanes_of_a_gpu", measure)
    return told


@pytest.mark.parametrize("told", [None, 4])
def test_a_search_that_goes_on_would_compute_its_layers_in_another_way(
    tmp_path: Path,
    make_setting: Callable[[str], TrialSetting],
    asked: list[SettledLanes],
    told: int | None,
) -> None:
    setting, run_folder = make_setting("run"), RunFolder(tmp_path / "run")
    more = {"resources": {"lanes": told}} if told else {}
    first, lanes = _with_lanes(setting, space(**more), GPUS, run_folder)
    assert first.layer_ways == lanes.layer_ways == MEASURED
    journal = Journal(run_folder.journal)
    journal.append({"event": "layers", "time": 0.0, "ways": RECORDED})
    journal.close()
    second, lanes = _with_lanes(setting, space(**more), GPUS, run_folder)
    assert second.layer_ways == lanes.layer_ways == RECORDED
    assert asked == [
        SettledLanes(count=told, layer_ways=None),
        SettledLanes(count=told, layer_ways=RECORDED),
    ]
