"""How a pack of trials is named as the worker of their epochs."""

_PACK = ", a pack of "


def pack_name(worker: str, lanes: int) -> str:
    """The name of a worker that trains so many lanes in one step."""
    return f"{worker}{_PACK}{lanes}"


def is_pack(worker: str) -> bool:
    """Whether an epoch's worker trained other trials in the same steps, or could have."""
    return _PACK in worker
