"""What a cluster has to offer: the nodes that are up, and those that its autoscaler can start."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import ray
import yaml

from tuner.cli.output import say
from tuner.errors import TunerError
from tuner.space import Machine

_JOIN_S = 180.0  # a machine that `ray up` has started joins within a minute
_PROCESSES = Path("/proc")
_OPTION = b"--autoscaling-config="

Resources = Mapping[str, float]
Configuration = Mapping[str, Any]


def cluster_capacity() -> Machine:
    """Return the most that the joined cluster can have at any time, and how that was counted.

    Raises TunerError where that is nothing.
    """
    configuration = autoscaling_configuration(ray.get_runtime_context().gcs_address)
    if configuration is not None:
        _wait_for_joining(configuration)
    machine = capacity(nodes_up(), configuration)
    if not machine.cpus and not machine.gpus:
        raise TunerError(
            "The cluster has no cores and no GPUs, and no autoscaler that could start some: bring "
            "a worker up first."
        )
    return machine


def node_capacity() -> Machine:
    """Return what the one node has that Ray was started on for this search alone."""
    return replace(together(nodes_up()), nodes=())


def nodes_up() -> list[Resources]:
    """Return what each node has of the cluster that this process has joined."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def together(nodes: Sequence[Resources]) -> Machine:
    """Count what nodes have, and the cores of each."""
    cores = tuple(int(node.get("CPU", 0)) for node in nodes)
    gpus = sum(node.get("GPU", 0) for node in nodes)
    return Machine(cpus=sum(cores), gpus=int(gpus), nodes=cores)


def capacity(up: Sequence[Resources], configuration: Configuration | None) -> Machine:
    """Count what is up together with what an autoscaler's `configuration` allows, if there is one.

    The node types with their `resources` and `max_workers` are `ray up`'s own.
    """
    now = together(up)
    types = [] if configuration is None else _worker_types(configuration)
    if configuration is None or not any(resources for resources, _ in types):
        nodes = "1 node that is" if len(up) == 1 else f"{len(up)} nodes that are"
        return replace(now, counted=f"on the {nodes} up")
    room = int(configuration.get("max_workers", 0))
    head = _head(configuration)
    cpus, gpus = ([head.get(kind, 0), *_most(types, kind, room)] for kind in ("CPU", "GPU"))
    cores = _larger(now.nodes, [int(node) for node in cpus])
    return Machine(
        cpus=sum(cores),
        gpus=max(now.gpus, int(sum(gpus))),
        nodes=cores,
        counted=f"the most that the autoscaler can start; now {now} are up",
    )


def autoscaling_configuration(address: str) -> Configuration | None:
    """Return what the autoscaler of the cluster at `address` was started with, or None.

    Read from the command line of its process, which runs on the head, beside the driver; both
    versions of Ray's autoscaler have it there, and neither tells it in any other way.
    """
    for options in _command_lines():
        paths = [option.removeprefix(_OPTION) for option in options if option.startswith(_OPTION)]
        if paths and f"--gcs-address={address}".encode() in options:
            file = Path(paths[0].decode()).expanduser()
            with file.open() as text:
                configuration: Configuration = yaml.safe_load(text)
            return configuration
    return None


def _command_lines() -> Iterator[Sequence[bytes]]:
    for process in _PROCESSES.glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().split(b"\0")
        except OSError:  # ended since, or another user's
            continue


def _worker_types(configuration: Configuration) -> list[tuple[Resources, int]]:
    """Each worker type's resources and its largest number of nodes."""
    room = int(configuration.get("max_workers", 0))
    return [
        (kind.get("resources") or {}, int(kind.get("max_workers", room)))
        for name, kind in configuration.get("available_node_types", {}).items()
        if name != configuration.get("head_node_type")
        or len(configuration["available_node_types"]) == 1
    ]


def _head(configuration: Configuration) -> Resources:
    types = configuration.get("available_node_types", {})
    resources: Resources = types.get(configuration.get("head_node_type"), {}).get("resources") or {}
    return resources


def _most(types: Sequence[tuple[Resources, int]], kind: str, room: int) -> Iterator[float]:
    """What each node has of one resource where `room` workers have the most of it together."""
    for resources, most in sorted(types, key=lambda each: -each[0].get(kind, 0)):
        nodes = min(most, room)
        yield from [resources.get(kind, 0)] * nodes
        room -= nodes


def _larger(up: Sequence[int], allowed: Sequence[int]) -> tuple[int, ...]:
    """The cores of each node, from the largest on; a node that is up may be of no type."""
    ordered = (sorted(nodes, reverse=True) for nodes in (up, allowed))
    return tuple(max(pair) for pair in zip_longest(*ordered, fillvalue=0))


def _wait_for_joining(configuration: Configuration) -> None:
    """Wait for machines whose resources nobody knows before they have joined: one's own."""
    types = configuration.get("available_node_types", {}).values()
    wanted = 1 + sum(int(kind.get("min_workers", 0)) for kind in types if not kind["resources"])
    deadline = time.monotonic() + _JOIN_S
    if len(nodes_up()) < wanted:
        say(f"Waiting up to {_JOIN_S:.0f} s for the cluster's {wanted} machines to join.")
    while len(nodes_up()) < wanted and time.monotonic() < deadline:
        time.sleep(1)
