"""A canary for each private name of Ray and each patch of it: what a new version would break."""

import ast
import inspect
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from packaging.requirements import Requirement
from packaging.version import Version
from ray import cloudpickle
from ray._private import node, ray_constants, services, state, worker
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.autoscaler._private import resource_demand_scheduler
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution import class_cache
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial

from tuner.backend import ray_internals
from tuner.backend.ray_internals import CONNECTION_TRIES, error_of

ROOT = Path(__file__).parents[3]
BACKEND = ROOT / "tuner" / "backend"


def private_names(source: str) -> Iterator[str]:
    """Private modules and names of Ray, and private attributes of what is not one's own."""
    for found in ast.walk(ast.parse(source)):
        if isinstance(found, ast.ImportFrom) and (found.module or "").split(".")[0] == "ray":
            names = [*(found.module or "").split("."), *(alias.name for alias in found.names)]
            yield from (name for name in names if name.startswith("_"))
        elif isinstance(found, ast.Attribute) and found.attr.startswith("_"):
            own = isinstance(found.value, ast.Name) and found.value.id in ("self", "cls")
            if not own and not found.attr.startswith("__"):
                yield found.attr


def test_a_private_name_of_ray_would_be_used_in_a_second_file() -> None:
    files = {file.name: set(private_names(file.read_text())) for file in BACKEND.glob("*.py")}
    assert len(files.pop("ray_internals.py")) >= 9, "the check would pass on nothing"
    assert {name: found for name, found in files.items() if found} == {}


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (services.canonicalize_bootstrap_address, ["addr"]),
        (state.actors, ["actor_id"]),
        (RayActorManager._actor_task_failed, ["self", "tracked_actor_task", "exception"]),
        (node.Node.dead_processes, ["self"]),
        (
            resource_demand_scheduler._default_utilization_scorer,
            ["node_resources", "resources", "node_type"],
        ),
        (Trial.handle_error, ["self", "exc"]),
    ],
)
def test_a_function_of_ray_would_be_called_in_a_way_that_it_no_longer_knows(
    function: Any, parameters: list[str]
) -> None:
    assert list(inspect.signature(function).parameters)[: len(parameters)] == parameters


@pytest.mark.parametrize(
    ("used_by", "name"),
    [
        (services, "ENABLE_RAY_CLUSTER"),
        (services.start_ray_process, "ConsolePopen("),
        (ray.init, "ray._private.utils.set_sigterm_handler("),
        (ray.init, '"_temp_dir"'),
        (worker.connect, "= ray._raylet.CoreWorker("),
        (node.Node, "ray._private.utils.set_sigterm_handler("),
        (node.Node, "PROCESS_TYPE_RAYLET"),
        (node.Node, f'os.environ.get("{CONNECTION_TRIES}")'),
        (TuneController, "self._trial_to_actor"),
        (TuneController, "self._actor_manager"),
        (TuneController, "trial.handle_error(exception)"),
        (RayActorManager, "self._live_actors_to_ray_actors_resources"),
        (RayActorManager, "self._actor_task_failed("),
        (class_cache, "ENV_VARS_TO_PROPAGATE"),
        (Trial, "pickled_error_file"),
    ],
)
def test_a_name_that_is_read_or_replaced_would_be_one_that_ray_does_not_use(
    used_by: Any, name: str
) -> None:
    assert name in inspect.getsource(used_by)


def test_what_is_read_of_ray_would_be_of_another_kind() -> None:
    assert isinstance(ray_constants.ENABLE_RAY_CLUSTER, bool)
    assert issubclass(services.ConsolePopen, subprocess.Popen)
    assert isinstance(ray_constants.PROCESS_TYPE_RAYLET, str)
    assert isinstance(class_cache.ENV_VARS_TO_PROPAGATE, set)
    assert hasattr(worker, "_global_node")
    manager = RayActorManager(resource_manager=SimpleNamespace())
    assert manager._live_actors_to_ray_actors_resources == {}


def test_the_head_could_not_be_asked_whether_it_lets_in() -> None:
    from ray._raylet import GcsClient, InnerGcsClient  # type: ignore[attr-defined]

    assert callable(GcsClient)
    assert callable(InnerGcsClient.check_alive)  # to which it hands its methods on


def test_trials_would_have_the_drivers_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "OTHER"}
    monkeypatch.setattr(class_cache, "ENV_VARS_TO_PROPAGATE", names)
    ray_internals.keep_keys_from_actors()
    assert names == {"OTHER"}


def test_a_worker_that_ray_ends_for_memory_would_end_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = list[Exception]()

    def handle(manager: object, tracked_actor_task: object, exception: Exception) -> None:
        taken.append(exception)

    monkeypatch.setattr(RayActorManager, "_actor_task_failed", handle)
    for _ in range(2):  # searches of one process
        ray_internals.take_every_death_for_a_lost_actor()
    known = [ActorDiedError(), RayTaskError("step", "traceback", ValueError("no"))]
    for error in (OutOfMemoryError("the node running low on memory"), *known):
        RayActorManager._actor_task_failed(None, tracked_actor_task=None, exception=error)
    assert isinstance(taken[0], RayActorError)
    assert "OutOfMemoryError" in str(taken[0])
    assert taken[1:] == known


def test_an_error_would_be_looked_for_where_tune_has_not_put_it(tmp_path: Path) -> None:
    trial = SimpleNamespace(pickled_error_file=None, error_file=None)
    assert error_of(trial) is None
    trial.pickled_error_file, trial.error_file = tmp_path / "error.pkl", tmp_path / "error.txt"
    assert error_of(trial) is None
    trial.error_file.write_text("Failure # 1\nno.such.Kind: a worker's own")
    trial.pickled_error_file.write_bytes(b"a kind that cannot be read here")
    assert str(error_of(trial)).endswith("no.such.Kind: a worker's own")
    trial.pickled_error_file.write_bytes(cloudpickle.dumps(RayActorError(error_msg="it died")))
    found = error_of(trial)
    assert isinstance(found, RayActorError)
    assert "it died" in str(found)


def test_another_version_of_ray_than_was_tried_would_be_installed() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    needs = [need for each in asked if (need := Requirement(each)).name == "ray"]
    assert len(needs) == 2
    tried = Version(ray.__version__)
    for need in needs:
        assert need.specifier.contains(tried)
        assert not need.specifier.contains(f"{tried.major}.{tried.minor + 1}.0")


def test_ray_would_take_sigterm_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private import utils

    taken = utils.set_sigterm_handler
    before = signal.getsignal(signal.SIGTERM)
    with ray_internals.sigterm_left_alone():
        ray._private.utils.set_sigterm_handler(lambda *_: None)
    assert signal.getsignal(signal.SIGTERM) == before
    assert utils.set_sigterm_handler is taken


def test_agents_of_a_start_that_was_broken_off_would_stay(tmp_path: Path) -> None:
    told = tmp_path / "agent"
    script = f"sleep 60 & echo $! > {told}; wait"
    process = ray_internals._popen_apart(["bash", "-c", script])
    while not told.exists() or not told.read_text():
        time.sleep(0.01)
    ray_internals.end_what_was_started()
    assert process.wait(timeout=10) == -signal.SIGKILL
    assert _ends(told.read_text())


@pytest.mark.parametrize(("name", "ends"), [("raylet_agent", True), ("of_another", False)])
def test_agents_of_a_raylet_that_was_killed_would_stay(
    tmp_path: Path, name: str, ends: bool
) -> None:
    """Those of Ray alone: once it has gone, the number of its group may be another one's."""
    agent, told = tmp_path / f"{name}.sh", tmp_path / "told"
    agent.write_text(f"echo $$ > {told}; sleep 3; exit 0\n")
    process = ray_internals._popen_apart(["bash", "-c", f"cd {tmp_path}; bash ./{name}.sh & exit"])
    process.wait()
    while not told.exists() or not told.read_text():
        time.sleep(0.01)
    ray_internals.end_what_was_started()
    assert _ends(told.read_text(), within_s=1.0) is ends


def _ends(pid: str, within_s: float = 10) -> bool:
    status = Path(f"/proc/{pid.strip()}/stat")
    deadline = time.monotonic() + within_s
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
