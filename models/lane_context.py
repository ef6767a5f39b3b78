"""Whether code runs for several lanes at once, for the few layers that are written for either."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IN_LANES = ContextVar("_IN_LANES", default=False)


def in_lanes() -> bool:
    """Whether the code that asks runs for several lanes at once: other operations are fast then."""
    return _IN_LANES.get()


@contextmanager
def as_lanes() -> Iterator[None]:
    """What runs inside runs for several lanes at once."""
    token = _IN_LANES.set(True)
    try:
        yield
    finally:
        _IN_LANES.reset(token)
