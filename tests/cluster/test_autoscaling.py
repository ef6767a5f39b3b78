"""A search on a cluster that has no worker yet: Ray's own autoscaler starts them, here faked ones.

It runs on a host of the lab, as starting such a cluster ends every Ray process it can see.
"""

import shlex
import sys

import pytest

from tests.cluster.lab.lab import Lab
from tests.cluster.recorded import epochs_of, events, states_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

START = """
import sys
from ray.cluster_utils import AutoscalingCluster
kind = {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 3}
AutoscalingCluster(
    {"CPU": 0}, {"worker": kind}, autoscaler_v2=sys.argv[1] == "2", max_workers=3
).start()
"""
SCORER = "RAY_AUTOSCALER_UTILIZATION_SCORER=tuner.backend.node_types.score"  # as cluster.yaml says
SEARCH = (
    "python -m tuner.search --space search_spaces/lossweights.yaml --address auto --wandb off "
    "--set data.dataset=digits --set data.size=16 --set scales.cpu.width=4 "
    "--set scales.cpu.epochs=4 --set scheduler.name=none --trials 6 --runs /shared/runs"
)


@pytest.mark.parametrize(("host", "version"), [("worker1", 1), ("worker2", 2)])
def test_a_search_would_not_wait_for_the_nodes_that_it_needs(
    hosts: Lab, host: str, version: int
) -> None:
    (machine,) = [each for each in hosts.hosts if each.name == host]
    # /root/tuner holds the environment alone here; the sources are the operator's.
    here = f"export PATH={sys.prefix}/bin:$PATH PYTHONPATH=~/project {SCORER}; cd ~/project"
    machine.run(f"{here}; python -c {shlex.quote(START)} {version}", timeout=180)
    said = machine.run(f"{here}; {SEARCH} --name v{version}", timeout=240).stdout
    machine.run(f"{here}; ray stop --force")

    assert "the most that the autoscaler can start; now no cores and no GPUs are up" in said
    run = hosts.shared / "runs" / f"v{version}"
    assert events(run)[0]["slots"] == 3
    assert states_of(run) == dict.fromkeys(range(6), "complete")
    assert set(map(len, epochs_of(run).values())) == {4}
    workers = {event["worker"] for event in events(run) if event["event"] == "epoch"}
    assert len(workers) >= 3, "trials were on all the nodes that could be had"
