"""Machines that join or die under a search, on a real cluster of Ray on this machine."""

from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from tuner.backend import nodes
from tuner.backend.hangs import Watchdog, _Live, _process
from tuner.backend.nodes import Nodes
from tuner.space import Machine


class Slots:
    """What Nodes needs of an engine."""

    def __init__(self) -> None:
        self.slots = 1
        self.reasons: list[str] = []

    def give_up(self, reason: str) -> None:
        self.reasons.append(reason)


def test_a_machine_that_joins_would_stay_idle(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "_EVERY_S", 0)
    engine: Any = Slots()
    watch = Nodes(engine, lambda machine: machine.cpus, gpus=False)
    watch.on_step_end(0, [])
    assert engine.slots == 1
    joined = cluster.add_node(num_cpus=3)
    cluster.wait_for_nodes()
    watch.on_step_end(0, [])
    assert engine.slots == 4
    cluster.remove_node(joined)
    watch.on_step_end(0, [])
    assert engine.slots == 4, "the places of a lost machine may come back"
    assert engine.reasons == []


def test_cores_would_be_counted_as_places_of_a_search_on_gpus_or_gpus_of_one_on_cores(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster whose GPUs are still to come, and one of cores that a machine with GPUs joins."""
    monkeypatch.setattr(nodes, "_EVERY_S", 0)
    on_gpus: Any = Slots()
    on_cores: Any = Slots()

    def room(machine: Machine) -> int:
        return 10 * machine.gpus or machine.cpus

    watches = [Nodes(on_gpus, room, gpus=True), Nodes(on_cores, room, gpus=False)]
    cluster.add_node(num_cpus=3)
    cluster.wait_for_nodes()
    for watch in watches:
        watch.on_step_end(0, [])
    assert (on_gpus.slots, on_cores.slots) == (1, 4)
    cluster.add_node(num_cpus=1, num_gpus=2)
    cluster.wait_for_nodes()
    for watch in watches:
        watch.on_step_end(0, [])
    assert (on_gpus.slots, on_cores.slots) == (20, 5)


class Actor:
    def here(self) -> bool:
        return True


@pytest.mark.usefixtures("cluster")
def test_an_actor_that_waits_for_a_machine_would_be_taken_for_a_process() -> None:
    """Ray gives it the number 0, which to `kill` is the driver's whole group."""
    waiting = ray.remote(num_cpus=8)(Actor).remote()
    running = ray.remote(num_cpus=1)(Actor).remote()
    assert ray.get(running.here.remote())
    assert _process(running) is not None
    assert _process(waiting) is None


def test_an_actor_whose_machine_is_still_to_come_would_be_ended(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.backend.hangs.UNKNOWN_START_S", 0)
    group = placement_group([{"CPU": 8}])
    there = PlacementGroupSchedulingStrategy(group)
    actor = ray.remote(num_cpus=8, scheduling_strategy=there)(Actor).remote()
    engine: Any = None
    watchdog = Watchdog(engine, engine, lambda _attempt, started: started)
    watchdog.clock.look(["attempt"])
    watchdog._judge("attempt", 1.0, _Live(None, actor, group))
    assert _process(actor) is None
    cluster.add_node(num_cpus=8)
    assert ray.get(actor.here.remote())
