"""Whether the code that runs is mapped over several lanes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LANES: ContextVar[bool] = ContextVar("_LANES", default=False)


def in_lanes() -> bool:
    """Whether the code that asks runs for several lanes at once."""
    return _LANES.get()


@contextmanager
def as_lanes() -> Iterator[None]:
    """What runs inside runs for several lanes at once."""
    token = _LANES.set(True)
    try:
        yield
    finally:
        _LANES.reset(token)
