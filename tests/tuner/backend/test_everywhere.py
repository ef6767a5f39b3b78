"""A task on each node of a cluster, on a real one of Ray on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from tuner.doctoring.visit import visit

BOOKED = 64  # more GPUs than any machine of these tests has


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One machine of one core, on which Ray was told of GPUs that are not there."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": BOOKED})
    yield made
    ray.shutdown()
    made.shutdown()


def test_trials_would_be_sent_to_gpus_that_are_not_there(cluster: Cluster, tmp_path: Path) -> None:
    findings = list(visit(None, str(tmp_path), cluster.address))
    (gpus,) = [finding for finding in findings if finding.subject.startswith("GPUs, ")]
    assert gpus.verdict == "fail"
    assert f"Ray books {BOOKED}" in gpus.text
