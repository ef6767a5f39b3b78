"""What a search is told of a GPU's lanes where they cannot be measured, or not yet."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util.placement_group import placement_group_table

from models import detectors
from models.data.config import DataConfig
from models.data.sources import find
from tuner.backend import packs
from tuner.backend.capacity_notice import GPU_CAME, WAITS_FOR_GPU
from tuner.planning.lanes import LaneChoice
from tuner.storage import local_storage
from tuner.worker.search_setting import TrialSetting


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


@pytest.fixture
def no_gpu(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A machine without a GPU, whose search says at once that it waits for one."""
    monkeypatch.setattr("tuner.backend.capacity_notice.AFTER_S", 0)
    return cluster


def test_a_search_would_wait_for_its_first_gpu_without_a_word(
    no_gpu: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()

    def hear(text: str) -> None:
        said.append(text)
        if text == WAITS_FOR_GPU:
            no_gpu.add_node(num_cpus=1, num_gpus=1)

    monkeypatch.setattr(packs, "say", hear)
    found = LaneChoice(count=3, sentence="measured")
    assert packs._on_a_gpu(lambda: found) == found
    assert said[:2] == [WAITS_FOR_GPU, GPU_CAME]


@pytest.mark.usefixtures("no_gpu")
def test_a_signal_would_not_end_the_wait_for_a_gpu_or_leave_it_asked_for(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(packs, "say", lambda _text: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with pytest.raises(KeyboardInterrupt):
        packs._on_a_gpu(LaneChoice)
    states = [each["state"] for each in placement_group_table().values()]
    assert states == ["REMOVED"]
