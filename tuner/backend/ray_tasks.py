"""Pieces of work as Ray tasks: each tells what there is to tell while it is at it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, RayTaskError

MOST_LOSSES = 3
"""Of one task: what kills its worker again and again is no accident."""

Task = TypeVar("Task")
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The worker of a task is gone; the task begins anew, or is `given_up`."""

    why: str
    given_up: bool


@dataclass(kw_only=True)
class _UnderWay(Generic[Task]):
    task: Task
    items: Any
    losses: int = 0


def run_tasks(
    work: Callable[[Task], Iterator[Item]], tasks: Sequence[Task], *, gpus: bool
) -> Iterator[tuple[Task, Item | Lost]]:
    """Each task with what `work` yields for it, as it comes, from as many tasks as find room.

    A task takes a core, with `gpus` a GPU. What `work` raises is raised here. After a Lost the
    items of its task come once more from the first on, unless it was given up. Whoever leaves
    early ends the connection, and the tasks with it.
    """
    asks = {"num_cpus": 0, "num_gpus": 1} if gpus else {"num_cpus": 1}
    start = ray.remote(num_returns="streaming", max_retries=0, **asks)(work).remote
    at_work = [_UnderWay(task=task, items=start(task)) for task in tasks]
    while at_work:
        ready, _ = ray.wait([one.items for one in at_work])
        one = next(one for one in at_work if one.items is ready[0])
        try:
            yield one.task, ray.get(next(one.items))
        except StopIteration:
            at_work.remove(one)
        except RayTaskError:
            raise
        except RayError as error:
            one.losses += 1
            given_up = one.losses == MOST_LOSSES
            if given_up:
                at_work.remove(one)
            else:
                one.items = start(one.task)
            yield one.task, Lost(why=_why(error), given_up=given_up)


def _why(error: RayError) -> str:
    if isinstance(error, OutOfMemoryError):
        return "its machine was running out of memory"
    if isinstance(error, NodeDiedError):
        return "its machine is gone"
    return "its process was killed, most often for want of memory"
