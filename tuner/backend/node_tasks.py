"""Tasks on nodes of a cluster, one or each."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_ANSWER_S = 120.0  # the first task on a node starts a process there, and may download images
_READING_S = 20.0
_READINGS = 3


@dataclass(frozen=True, kw_only=True)
class LivingNode:
    """A node that is up. Ray books trials on `gpus` there, whether or not they work."""

    node_id: str
    name: str
    gpus: int


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[Answer]):
    """What one node answered, and how far its clock is at least ahead of this machine's."""

    answer: Answer
    ahead_s: float


def on_every_node(
    function: Callable[[Asked], Answer], asked_of: Callable[[LivingNode], Asked]
) -> Iterator[tuple[str, Reply[Answer] | Exception]]:
    """Each living node's name and what `function` returned or raised there, asked `asked_of` it."""
    under_way = [
        (node, task_on(node.node_id, function).remote(asked_of(node))) for node in _living_nodes()
    ]
    for node, answer in under_way:
        try:
            reply = Reply(answer=ray.get(answer, timeout=_ANSWER_S), ahead_s=_ahead_s(node))
        except Exception as error:
            yield node.name, error
        else:
            yield node.name, reply


def _living_nodes() -> list[LivingNode]:
    return [
        LivingNode(
            node_id=node["NodeID"],
            name=node["NodeManagerHostname"],
            gpus=int(node["Resources"].get("GPU", 0)),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def task_on(node_id: str, function: Callable[..., object]) -> Any:
    """The function as a task that this node runs, whatever else it is busy with, once."""
    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    return ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(function)


def _ahead_s(node: LivingNode) -> float:
    """The quickest of a few readings tells most, once a process there has answered before."""
    task = task_on(node.node_id, _clock)
    readings = []
    for _ in range(_READINGS):
        sent = time.time()
        read = ray.get(task.remote(), timeout=_READING_S)
        readings.append((sent, read, time.time()))
    return skew(*min(readings, key=lambda reading: reading[2] - reading[0]))


def skew(sent: float, read: float, received: float) -> float:
    """How far a clock is outside the time in which it must have been read."""
    return min(0.0, read - sent) + max(0.0, read - received)


def _clock() -> float:
    return time.time()
