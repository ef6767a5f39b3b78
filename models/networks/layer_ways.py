"""For the few layers that are written in two ways: whether lanes run, and which way is faster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Literal

Way = Literal["library", "product"]
LayerWays = Mapping[str, Way]
"""By a layer and the shape of its values, as text: the library's convolution, which in lanes is a
grouped one, or a product of matrices."""

UNMEASURED: LayerWays = MappingProxyType({})

_LANES: ContextVar[LayerWays | None] = ContextVar("_LANES", default=None)


def in_lanes() -> bool:
    """Whether the code that asks runs for several lanes at once: other operations are fast then."""
    return _LANES.get() is not None


def ways_in_lanes() -> LayerWays:
    """How layers are to be computed; empty outside lanes and where nobody has measured it."""
    return _LANES.get() or UNMEASURED


@contextmanager
def as_lanes(ways: LayerWays = UNMEASURED) -> Iterator[None]:
    """What runs inside runs for several lanes at once, its layers in these ways."""
    token = _LANES.set(ways)
    try:
        yield
    finally:
        _LANES.reset(token)
