"""Pieces of work as Ray tasks, on a real cluster of Ray on this machine."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from tuner.backend.ray_tasks import MOST_LOSSES, Lost, run_tasks


def starts(folder: Path) -> int:
    """Count this start of a task among all."""
    (folder / f"{time.monotonic_ns()}").touch()
    return len(list(folder.iterdir()))


def killed_until(task: tuple[int, Path]) -> Iterator[str]:
    enough, folder = task
    yield "begun"
    if starts(folder) < enough:
        os.kill(os.getpid(), signal.SIGKILL)
    yield "done"


def waits_at_first(folder: Path) -> Iterator[str]:
    yield "begun"
    if starts(folder) == 1:
        time.sleep(300)
    yield "done"


def fails(text: str) -> Iterator[str]:
    raise ValueError(text)
    yield text


def test_a_task_on_a_lost_machine_would_be_lost_with_it(tmp_path: Path) -> None:
    """It comes first: the cluster of the others stays to their end."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    node = made.add_node(num_cpus=1)
    ray.init(made.address, log_to_driver=False)
    try:
        told = []
        for _, item in run_tasks(waits_at_first, [tmp_path], gpus=False):
            told.append(item)
            if len(told) == 1:
                while not list(tmp_path.iterdir()):
                    time.sleep(0.1)
                made.add_node(num_cpus=1)
                made.remove_node(node, allow_graceful=False)
        (lost,) = (item for item in told if isinstance(item, Lost))
        assert told == ["begun", lost, "begun", "done"]
        assert not lost.given_up
    finally:
        ray.shutdown()
        made.shutdown()


def test_a_task_whose_worker_was_killed_would_be_given_up_or_waited_for(
    cluster_of_one: Cluster, tmp_path: Path
) -> None:
    told = [item for _, item in run_tasks(killed_until, [(2, tmp_path)], gpus=False)]
    (lost,) = (item for item in told if isinstance(item, Lost))
    place = told.index(lost)  # nothing is promised of what it told before
    assert told[:place] in ([], ["begun"]) and told[place + 1 :] == ["begun", "done"]
    assert not lost.given_up and "killed" in lost.why


def test_a_task_that_kills_its_worker_each_time_would_begin_without_end(
    cluster_of_one: Cluster, tmp_path: Path
) -> None:
    told = [item for _, item in run_tasks(killed_until, [(99, tmp_path)], gpus=False)]
    lost = [item for item in told if isinstance(item, Lost)]
    assert [one.given_up for one in lost] == [False] * (MOST_LOSSES - 1) + [True]
    assert len(list(tmp_path.iterdir())) == MOST_LOSSES


def test_what_the_work_raises_would_be_taken_for_a_lost_worker(cluster_of_one: Cluster) -> None:
    with pytest.raises(ValueError, match="wrong"):
        list(run_tasks(fails, ["wrong"], gpus=False))
