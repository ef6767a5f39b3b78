"""Which type of node Ray's autoscaler asks for next: spot, unless AWS has just refused it.

Named by cluster.yaml in RAY_AUTOSCALER_UTILIZATION_SCORER, which version 1 of the autoscaler reads.
Ray remembers a refused launch for half an hour; then spot is tried again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tuner.backend.ray_internals import node_type_fit

_SPOT = "spot"


def score(
    node_resources: Mapping[str, float],
    resources: Sequence[Mapping[str, float]],
    node_type: str,
    *,
    node_availability_summary: Any,
) -> tuple[Any, ...] | None:
    """Rank a node type for the waiting `resources`, None where it has no place for any.

    Types that fit equally well are told apart by whether they can be had, then by spot in the name.
    """
    fit = node_type_fit(node_resources, resources, node_type, node_availability_summary)
    if fit is None:
        return None
    record = node_availability_summary.node_availabilities.get(node_type)
    available = record is None or record.is_available
    return (*fit, available, _SPOT in node_type)
