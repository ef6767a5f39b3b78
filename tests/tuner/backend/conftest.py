"""A cluster to which machines can be added."""

from collections.abc import Iterator

import pytest
import ray
from ray.cluster_utils import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One machine of one core, and this process its driver."""
    yield from _connected()


@pytest.fixture(scope="module")
def cluster_of_one() -> Iterator[Cluster]:
    """The same, begun once for a file whose tests add no machine and leave nothing running."""
    yield from _connected()


def _connected() -> Iterator[Cluster]:
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    ray.init(made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()
