"""Packed searches by the real command: what a killed process costs, and what is left running."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from models.data.sources import CACHE_VARIABLE, find
from models.probes.lane_probe import LaneMeasurement
from tests.tuner.test_search_command import SMALL, command, finished, recorded, wait_for_rows
from tuner.engine.attempt import Attempt
from tuner.packing.pack import PackWorker
from tuner.record.history import History
from tuner.seeds import derive
from tuner.space import load_space
from tuner.storage import local_storage
from tuner.worker.search_setting import SPLIT, TrialSetting

TINY = [
    *SMALL,
    "--set=data.fit_normals=48",
    "--set=data.validation_normals=20",
    "--set=data.validation_anomalies=20",
    "--set=scheduler={name: none}",
]


def packs(history: History) -> set[int]:
    """The process of every pack worker that has reported."""
    names = {row.worker for trial in history.trials.values() for row in trial.rows}
    assert all("a pack of" in name for name in names), names
    return {int(name.split("/")[1].split(",")[0]) for name in names}


def children(driver: int) -> set[int]:
    """All processes below the driver, that of Ray included."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = dict(tuple(map(int, line.split())) for line in listed.stdout.splitlines())
    found = {driver}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {driver}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pids: set[int]) -> None:
    until = time.monotonic() + 180
    while left := {pid for pid in pids if alive(pid)}:
        assert time.monotonic() < until, [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
        time.sleep(0.1)


def trained_undisturbed(folder: Path, elsewhere: Path, lanes: int) -> dict[int, list[object]]:
    """Every trial's curve from a pack of as many lanes that trains nothing else."""
    space = load_space(folder / "space.yaml")
    setting = TrialSetting(
        detector=space.detector,
        objective=space.objective,
        epochs=space.epochs,
        data=space.data,
        source=find(space.data),
        data_seed=space.sampler.seed,
        threads=1,
        storage=local_storage(elsewhere),
    )
    elsewhere.mkdir()
    (elsewhere / SPLIT).write_bytes((folder / SPLIT).read_bytes())
    worker = PackWorker(setting, lanes)
    curves: dict[int, list[object]] = {}
    for number, trial in recorded(folder).trials.items():
        attempt = Attempt(
            number=number,
            attempt=1,
            hyperparameters=trial.hyperparameters,
            seed=derive(space.sampler.seed, "trial", number),
            recorded_epochs=0,
        )
        rows = [worker.next_report(attempt).row for _ in range(space.epochs)]
        curves[number] = [(row.metrics, row.losses) for row in rows if row is not None]
        worker.leave(number, 1)
    worker.close()
    return curves


def _reported(metrics: Mapping[str, float]) -> dict[str, float]:
    """Of a recorded row's metrics those that the worker reported."""
    return {name: value for name, value in metrics.items() if not name.startswith("best_")}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_killed_pack_would_cost_a_trial_or_change_a_curve(tmp_path: Path) -> None:
    options = [*TINY, "--name=packed", "--trials=4", "--set=epochs=10", "--set=resources.lanes=2"]
    driver = subprocess.Popen(
        command(tmp_path, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    folder = tmp_path / "packed"
    wait_for_rows(folder, 4, driver, within_s=400)
    below = children(driver.pid)
    os.kill(packs(recorded(folder)).pop(), signal.SIGKILL)
    said, _ = driver.communicate(timeout=400)
    assert driver.returncode == 0, said
    assert "of the lanes' epochs" in said
    history = recorded(folder)
    lost = sum(trial.count("lost") for trial in history.trials.values())
    assert lost, "nothing was lost: the kill came too late"
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    curves = {
        number: [(_reported(row.metrics), row.losses) for row in trial.rows]
        for number, trial in history.trials.items()
    }
    assert curves == trained_undisturbed(folder, tmp_path / "undisturbed", lanes=2)
    gone(below | packs(history))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_killed_driver_would_leave_packs_running(tmp_path: Path) -> None:
    options = [*TINY, "--name=killed", "--trials=4", "--set=epochs=8", "--set=resources.lanes=2"]
    driver = subprocess.Popen(command(tmp_path, *options), stdout=subprocess.DEVNULL, text=True)
    folder = tmp_path / "killed"
    wait_for_rows(folder, 4, driver, within_s=400)
    below = children(driver.pid)
    pack = packs(recorded(folder))
    assert pack <= below
    light = below - pack
    loaded = {pid: _maps(pid) for pid in light if "Trainable" in _title(pid)}
    assert loaded, "no trial actor was found"
    assert not any("libtorch" in maps for maps in loaded.values())
    assert all("libtorch" in _maps(pid) for pid in pack)
    agents = {pid for pid in below if "Agent" in _title(pid)}  # Ray's own last a minute more
    driver.kill()
    driver.wait()
    gone(below - agents)
    finished(tmp_path, *options, "--resume")
    history = recorded(folder)
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    assert all(
        [row.epoch for row in trial.rows] == list(range(1, 9)) for trial in history.trials.values()
    )


def _title(pid: int) -> str:
    """Ray names a process after what it runs; Tune wraps a trial actor in a class of its own."""
    return Path(f"/proc/{pid}/cmdline").read_text()


def _maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture
def two_gpus() -> Iterator[str]:
    """A cluster of one node that says it has two GPUs."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 2})
    yield cluster.address
    cluster.shutdown()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_trials_would_not_share_the_gpus_that_ray_gave_them(tmp_path: Path, two_gpus: str) -> None:
    options = [*TINY, "--name=gpus", "--trials=5", "--set=epochs=4", "--set=resources.lanes=2"]
    structures = [
        "--set=search={width: {choice: [4, 6]}, generator_lr: {log: [1e-4, 5e-4]}}",
        "--set=fixed={reconstruction_weight: 1, batch_normals: 16, batch_anomalies: 4}",
    ]
    said = finished(tmp_path, *options, *structures, f"--address={two_gpus}")
    assert "2 lanes: each GPU trains 2 trials in one step" in said
    history = recorded(tmp_path / "gpus")
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    seen: dict[str, set[object]] = {}
    for trial in history.trials.values():
        (worker,) = {row.worker for row in trial.rows}
        seen.setdefault(worker, set()).add(trial.hyperparameters["width"])
    assert {worker.split("GPU ")[1].split(",")[0] for worker in seen} == {"0", "1"}
    assert len(packs(history)) == len(seen)


@pytest.fixture
def two_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster of two nodes that say they have a GPU each, number 3 and 5, and an empty cache."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    cluster = Cluster()
    for device in "35":
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", device)
        cluster.add_node(num_cpus=1, num_gpus=1)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    yield cluster
    cluster.shutdown()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_lanes_would_be_measured_again_or_not_be_those_of_the_packs(
    tmp_path: Path, two_hosts: Cluster
) -> None:
    """As on real GPUs, but that torch finds none there: it measures and trains on the cores."""
    options = [*TINY, "--set=resources.lanes=auto", f"--address={two_hosts.address}"]
    said = finished(tmp_path, *options, "--name=first", "--trials=6", "--set=epochs=20")
    (remembered,) = (tmp_path / "cache" / "measured").glob("lanes-*.json")
    measured = LaneMeasurement(**json.loads(remembered.read_text()))
    assert "Asking a GPU how many trials train best as one" in said
    assert measured.sentence() in said
    history = recorded(tmp_path / "first")
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    workers = {row.worker for trial in history.trials.values() for row in trial.rows}
    lanes = min(measured.lanes, 3)
    assert all(worker.endswith(f"a pack of {lanes}") for worker in workers)
    assert {nodes_and_devices(two_hosts)[pid] for pid in packs(history)} == {
        (two_hosts.head_node.node_id, "gpu3"),
        (two_hosts.worker_nodes.copy().pop().node_id, "gpu5"),
    }
    when = remembered.stat().st_mtime_ns
    again = finished(tmp_path, *options, "--name=second", "--trials=2", "--set=epochs=1")
    assert measured.sentence() in again
    assert remembered.stat().st_mtime_ns == when


def nodes_and_devices(cluster: Cluster) -> dict[int, tuple[str, str]]:
    """Where each pack worker ran as Ray tells it, by process, and the GPU that its name has."""
    actors = cluster.global_state.actor_table(None).values()
    return {
        actor["Pid"]: (actor["Address"]["NodeID"], actor["Name"].split("-")[-2])
        for actor in actors
        if actor["ActorClassName"] == "PackActor"
    }
