"""One thread for what is computed on the CPU, so that it is the same everywhere. Imports torch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def one_thread(limited: bool = True) -> Iterator[None]:
    """Give the process one thread for a while, if it is `limited`: sums depend on their number."""
    if not limited:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
