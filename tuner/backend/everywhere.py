"""One task on each node of a cluster."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
_ANSWER_S = 120.0  # the first task on a node starts a process there, and may download images


def on_every_node(
    function: Callable[[Asked], Answer], asked: Asked
) -> Iterator[tuple[str, Answer | Exception]]:
    """Each living node's name and what `function` returned or raised there."""
    task = ray.remote(num_cpus=0, max_retries=0)(function)
    under_way = [
        (
            node["NodeManagerHostname"],
            task.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ).remote(asked),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]
    for name, answer in under_way:
        try:
            yield name, ray.get(answer, timeout=_ANSWER_S)
        except Exception as error:
            yield name, error
