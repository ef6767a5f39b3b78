"""What a cluster is counted to have."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tuner.backend import capacity as module
from tuner.backend.capacity import autoscaling_configuration, capacity
from tuner.space import Machine

ROOT = Path(__file__).parents[3]
NOTHING_UP = [{"memory": 1e9}]


def configuration(max_workers: int = 8, **types: dict[str, Any]) -> dict[str, Any]:
    head = {"resources": {"CPU": 0}, "node_config": {}}
    return {
        "max_workers": max_workers,
        "head_node_type": "head",
        "available_node_types": {"head": head, **types},
    }


def worker(most: int, **resources: int) -> dict[str, Any]:
    return {"resources": resources, "max_workers": most, "node_config": {}}


def test_gpus_that_are_not_up_yet_would_not_be_counted() -> None:
    machine = capacity(NOTHING_UP, configuration(spot=worker(4, CPU=8, GPU=2)))
    assert (machine.cpus, machine.gpus) == (32, 8)
    assert "the most that the autoscaler can start" in machine.counted


def test_a_fallback_type_would_count_the_same_machines_twice() -> None:
    two = configuration(8, spot=worker(8, CPU=8, GPU=1), fallback=worker(8, CPU=8, GPU=1))
    assert capacity(NOTHING_UP, two).gpus == 8


def test_the_larger_type_would_not_come_first_where_room_is_short() -> None:
    two = configuration(3, small=worker(8, GPU=1), large=worker(2, GPU=4))
    assert capacity(NOTHING_UP, two).gpus == 2 * 4 + 1


def test_what_is_up_beyond_the_configuration_would_be_forgotten() -> None:
    up = [{"CPU": 32.0}, {"CPU": 64.0, "GPU": 9.0}]
    assert capacity(up, configuration(spot=worker(1, GPU=1))) == Machine(
        cpus=96,
        gpus=9,
        nodes=(64, 32),
        counted="the most that the autoscaler can start; now 96 cores and 9 GPUs are up",
    )


@pytest.mark.parametrize(
    "told", [None, {"max_workers": 2, "available_node_types": {"one": {"resources": {}}}}]
)
def test_nodes_of_unknown_resources_would_be_invented(told: dict[str, Any] | None) -> None:
    machine = capacity([{"CPU": 2.0}, {"memory": 1e9}, {"CPU": 4.0}], told)
    assert machine == Machine(cpus=6, nodes=(2, 0, 4), counted="on the 3 nodes that are up")
    assert capacity([{"CPU": 2.0}], told).counted == "on the 1 node that is up"


def test_a_node_would_be_counted_larger_than_its_type_or_as_many_times_as_room_forbids() -> None:
    types = configuration(3, small=worker(8, CPU=2), large=worker(1, CPU=8))
    assert capacity(NOTHING_UP, types).nodes == (8, 2, 2, 0)
    machine = capacity([{"CPU": 1.0}, {"CPU": 16.0}], types)
    assert (machine.cpus, machine.nodes) == (20, (16, 2, 2, 0))


def test_the_description_for_aws_would_count_other_than_its_eight_gpus() -> None:
    described = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    assert capacity(NOTHING_UP, described).gpus == 8


def test_another_clusters_autoscaler_would_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROCESSES", tmp_path)
    for number, address in enumerate(["10.0.0.1:6379", "10.0.0.2:6379"]):
        file = tmp_path / f"{number}.yaml"
        file.write_text(f"max_workers: {number}")
        options = ["python", "monitor.py", f"--autoscaling-config={file}"]
        (tmp_path / str(number)).mkdir()
        line = "\0".join([*options, f"--gcs-address={address}"])
        (tmp_path / str(number) / "cmdline").write_text(line)
    assert autoscaling_configuration("10.0.0.2:6379") == {"max_workers": 1}
    assert autoscaling_configuration("10.0.0.3:6379") is None
