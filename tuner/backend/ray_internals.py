"""Every private name of Ray that a search needs, and every patch of Ray: one place to look at.

tests/tuner/backend/test_ray_internals.py has a canary for each, and pyproject.toml keeps Ray below
the first version that they were not tried with. What few commands need is imported in its function.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle
from ray._private import ray_constants, services, state, utils, worker
from ray.exceptions import AuthenticationError, RayActorError, RayTaskError
from ray.util.placement_group import PlacementGroup

from tuner.backend.sigterm import sigterm_kept
from tuner.worker.error_text import reason_of

CONNECTION_TRIES = "RAY_gcs_server_port_wait_time_s"
"""The environment variable by which Ray counts the tries of its connection to a cluster."""

_started: list[services.ConsolePopen] = []


def _popen_apart(*arguments: Any, **named: Any) -> services.ConsolePopen:
    """One of Ray's processes, as the first of a group that its own children belong to."""
    process = _console_popen(*arguments, **named, process_group=0)
    _started.append(process)
    return process


_console_popen = services.ConsolePopen


def resolved_address(address: str) -> str | None:
    """Where Ray would go for an address; None where there is nothing.

    Raises ConnectionError, OSError and ValueError.
    """
    found = services.canonicalize_bootstrap_address(address)
    return None if found is None else str(found)


def lets_in(address: str, timeout_s: float) -> bool:
    """Whether the cluster at an address takes this process's token."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined] # noqa: PLC0415 - compiled

    try:
        GcsClient(address=address).check_alive([], timeout=timeout_s)
    except AuthenticationError:
        return False
    return True


@contextmanager
def sigterm_left_alone() -> Iterator[None]:
    """Let Ray start without taking SIGTERM for itself: its answer is another exit code, unsaid.

    Its compiled part takes it too, to write where everybody stood; it is taken back from that.
    """
    from ray import _raylet  # noqa: PLC0415 - compiled

    taken, utils.set_sigterm_handler = utils.set_sigterm_handler, lambda _handler: None
    compiled = _raylet.CoreWorker  # type: ignore[attr-defined]

    def started(*arguments: Any) -> Any:
        with sigterm_kept():
            return compiled(*arguments)

    _raylet.CoreWorker = started  # type: ignore[attr-defined]
    try:
        yield
    finally:
        utils.set_sigterm_handler = taken
        _raylet.CoreWorker = compiled  # type: ignore[attr-defined]


def start_for_this_machine_alone(cores: int, folder: Path) -> None:
    """Start Ray where nothing but this machine can reach it, its processes a group of their own.

    Its files and sockets lie in `folder`. Ray takes any loopback address for a mistake and looks
    for one that others can reach, but on systems where it keeps to itself.
    """
    elsewhere, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    services.ConsolePopen = _popen_apart
    try:
        with sigterm_left_alone():
            ray.init(
                address="local",
                num_cpus=cores,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=str(folder),
            )
    finally:
        ray_constants.ENABLE_RAY_CLUSTER, services.ConsolePopen = elsewhere, _console_popen


def end_what_was_started() -> None:
    """End what Ray has started here and not ended itself, as where its start was broken off.

    The system ends each process with this one, but not the agents that such a process has started:
    those of a raylet that was killed while they started stay for more than a minute.
    """
    while _started:
        process = _started.pop()
        if process.poll() is None or _is_rays_group(process.pid):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _is_rays_group(number: int) -> bool:
    """Whether a process of Ray is left in the group: its number may be another one's by now."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            group = (folder / "stat").read_text().rpartition(")")[2].split()[2]
            if int(group) == number and b"ray" in (folder / "cmdline").read_bytes():
                return True
    return False


def raylet_died() -> bool:
    """Whether the raylet that this driver has started, if any, is gone: known at once."""
    dead = worker._global_node.dead_processes()
    return any(kind == ray_constants.PROCESS_TYPE_RAYLET for kind, _ in dead)


def live_actors(controller: Any) -> list[tuple[Any, Any, PlacementGroup]]:
    """Tune's trials that have been given resources, each with its actor and its place."""
    live = controller._actor_manager._live_actors_to_ray_actors_resources
    return [
        (trial, live[tracked][0], live[tracked][1].placement_group)
        for trial, tracked in list(controller._trial_to_actor.items())
        if tracked in live
    ]


def actor_facts(actor: Any) -> Mapping[str, Any]:
    """What Ray knows of an actor: `Pid`, 0 before it has a process, and `Address` with `NodeID`."""
    known: Mapping[str, Any] = state.actors(actor._actor_id.hex()) or {}
    return known


def error_of(trial: Any) -> Exception | None:
    """The error that has just ended a trial of Tune; None where Tune noted none.

    Tune's own `get_pickled_error` looks in the storage, where the file comes later. Where it cannot
    be read back, as an exception of a kind that this process lacks, its text is in another.
    """
    with suppress(Exception):  # unpickling raises anything
        error: Exception = cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
        return error
    with suppress(OSError):
        return RuntimeError(Path(trial.error_file or "").read_text())
    return None


def node_type_fit(
    node_resources: Mapping[str, float],
    resources: Sequence[Mapping[str, float]],
    node_type: str,
    availability: Any,
) -> tuple[Any, ...] | None:
    """How Ray's autoscaler ranks a node type for what waits; None where it has no place for any."""
    from ray.autoscaler._private import resource_demand_scheduler  # noqa: PLC0415

    fit: tuple[Any, ...] | None = resource_demand_scheduler._default_utilization_scorer(
        node_resources, resources, node_type, node_availability_summary=availability
    )
    return fit


def keep_keys_from_actors() -> None:
    """Let no trial have the driver's AWS keys: workers have those of their own machine.

    Tune would hand them over by a setting that Ray writes into its logs.
    """
    from ray.tune.execution.class_cache import ENV_VARS_TO_PROPAGATE  # noqa: PLC0415

    keys = {name for name in ENV_VARS_TO_PROPAGATE if name.startswith("AWS_")}
    ENV_VARS_TO_PROPAGATE.difference_update(keys)


def take_every_death_for_a_lost_actor() -> None:
    """Let Tune go on where it would end the whole run: it knows two kinds of errors.

    Ray has more for actors that are no more, as when its memory monitor kills one before the
    machine runs out, or the machine is gone under an actor that starts.
    """
    from ray.air.execution._internal.actor_manager import RayActorManager  # noqa: PLC0415

    handle = RayActorManager._actor_task_failed
    if hasattr(handle, "__wrapped__"):  # done before in this process
        return

    @wraps(handle)
    def failed(manager: Any, tracked_actor_task: Any, exception: Exception) -> None:
        known = isinstance(exception, RayActorError | RayTaskError)
        error = exception if known else RayActorError(error_msg=reason_of(exception))
        handle(manager, tracked_actor_task, error)

    RayActorManager._actor_task_failed = failed
