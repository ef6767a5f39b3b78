"""A task on each node of a cluster, on a real one of Ray on this machine."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tuner.backend import node_tasks
from tuner.backend.connection import connection
from tuner.backend.node_tasks import Reply, on_every_node, skew
from tuner.doctor.preflight import visit

BOOKED = 64  # more GPUs than any machine of these tests has


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One machine of one core, on which Ray was told of GPUs that are not there."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": BOOKED})
    yield made
    made.shutdown()


def test_trials_would_be_sent_to_gpus_that_are_not_there(cluster: Cluster, tmp_path: Path) -> None:
    findings = list(visit(None, str(tmp_path), cluster.address))
    (gpus,) = [finding for finding in findings if finding.subject.startswith("GPUs, ")]
    (entry,) = [finding for finding in findings if finding.subject == "authentication"]
    assert entry.verdict != "warn", "the head was not asked"
    assert gpus.verdict == "fail"
    assert f"Ray books {BOOKED}" in gpus.text


def test_a_clock_that_is_wrong_would_pass_on_a_node_that_takes_long_to_answer(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind_s = 3.0

    def looks_long(asked: str) -> str:
        time.sleep(behind_s)
        return asked

    def clock_behind() -> float:
        return time.time() - behind_s

    monkeypatch.setattr(node_tasks, "_clock", clock_behind)
    with connection(cluster.address):
        ((_, reply),) = on_every_node(looks_long, lambda node: "images")
    assert isinstance(reply, Reply)
    assert reply.answer == "images"
    assert -behind_s <= reply.ahead_s < -behind_s / 3


@pytest.mark.parametrize(("read", "ahead_s"), [(99.0, -1.0), (100.5, 0.0), (103.0, 1.0)])
def test_a_reading_would_be_held_against_the_wrong_time(read: float, ahead_s: float) -> None:
    assert skew(100.0, read, 102.0) == ahead_s
