"""One task on each node of a cluster."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_ANSWER_S = 120.0  # the first task on a node starts a process there, and may download images


@dataclass(frozen=True, kw_only=True)
class LivingNode:
    """A node that is up. Ray books trials on `gpus` there, whether or not they work."""

    node_id: str
    name: str
    gpus: int


def on_every_node(
    function: Callable[[Asked], Answer], asked_of: Callable[[LivingNode], Asked]
) -> Iterator[tuple[str, Answer | Exception]]:
    """Each living node's name and what `function` returned or raised there, asked `asked_of` it."""
    under_way = [(node, _task(function, node).remote(asked_of(node))) for node in _living_nodes()]
    for node, answer in under_way:
        try:
            yield node.name, ray.get(answer, timeout=_ANSWER_S)
        except Exception as error:
            yield node.name, error


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


def _task(function: Callable[..., object], node: LivingNode) -> Any:
    there = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
    return ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(function)
