"""What a search is told of a GPU's lanes where they cannot be measured."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from models import detectors
from models.data.config import DataConfig
from models.data.sources import find
from tuner.backend import packs
from tuner.setting import TrialSetting
from tuner.storage import local_storage


@pytest.fixture
def a_gpu() -> Iterator[None]:
    """Ray on this machine, told that there is a GPU."""
    ray.init("local", num_cpus=1, num_gpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("a_gpu")
def test_a_gpu_that_cannot_measure_would_end_the_search_or_not_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = DataConfig(dataset="digits", normal=(0,))
    setting = TrialSetting(
        detector="two-discriminator-gan",
        objective="best_auroc",
        epochs=1,
        data=data,
        source=find(data),
        data_seed=0,
        threads=None,
        storage=local_storage(tmp_path / "not on the GPU's machine"),
    )
    monkeypatch.setattr(packs, "_SILENCE_S", 0)
    found = packs.lanes_of_a_gpu(setting, detectors.resolve(setting.detector, {}))
    assert found.count == 1
    reason = "1 lane: what more would gain could not be measured: StorageError: "
    assert found.sentence.startswith(reason)
    assert found.sentence.endswith("give the search a --storage that all machines reach")
    assert "Asking a GPU" in capsys.readouterr().out
