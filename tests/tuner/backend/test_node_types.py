"""Spot first, on-demand while spot is refused: asked of Ray's own demand scheduler."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.node_provider_availability_tracker import (
    NodeProviderAvailabilityTracker,
)
from ray.autoscaler._private.resource_demand_scheduler import get_nodes_for
from ray.autoscaler.node_launch_exception import NodeLaunchException

from tuner.backend.node_types import score

ROOT = Path(__file__).parents[3]
TYPES: dict[str, Any] = yaml.safe_load((ROOT / "cluster.yaml").read_text())["available_node_types"]
REFUSED = NodeLaunchException("InsufficientInstanceCapacity", "no spot", (None, None, None))


def asked_for(gpus: int, tracker: NodeProviderAvailabilityTracker) -> dict[str, int]:
    """The nodes that the autoscaler starts for so many waiting trials of one GPU."""

    def scorer(*given: Any) -> Any:
        return score(*given, node_availability_summary=tracker.summary())

    demands = [{"GPU": 1.0}] * gpus
    nodes, unmet = get_nodes_for(TYPES, {"head": 1}, "head", 8, demands, utilization_scorer=scorer)
    assert len(unmet) == max(0, gpus - 8)
    return dict(nodes)


def tracker(refused: str | None, *, minutes_ago: float = 0) -> NodeProviderAvailabilityTracker:
    made = NodeProviderAvailabilityTracker(timer=lambda: 60 * minutes_ago)
    if refused:
        made.update_node_availability(refused, 0, REFUSED)
    return made


@pytest.mark.parametrize("gpus", [1, 5, 20])
def test_on_demand_would_be_paid_for_while_spot_is_to_be_had(gpus: int) -> None:
    assert asked_for(gpus, tracker(None)) == {"gpu-spot": min(gpus, 8)}


def test_a_refused_spot_launch_would_be_asked_for_again_at_once() -> None:
    assert asked_for(3, tracker("gpu-spot")) == {"gpu-on-demand": 3}


def test_spot_would_never_be_tried_again_after_a_refusal() -> None:
    assert asked_for(3, tracker("gpu-spot", minutes_ago=31)) == {"gpu-spot": 3}
