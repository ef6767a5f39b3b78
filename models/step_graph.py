"""A training step recorded once as a CUDA graph and replayed: one launch instead of hundreds.

A step of a small network is a stream of kernels that each take less time than Python needs to start
them. The graph holds the addresses of every tensor, so all that changes between steps must change
in place.
"""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from weakref import WeakSet

import torch
from torch import Tensor

from models.memory import is_out_of_memory

Work = Callable[[], None]
_WARM_UP_STEPS = 3
"""What torch's documentation asks for before a capture: libraries allocate in their first calls."""


class GraphPool:
    """Memory that recorded steps share, of which no two are ever replayed at once.

    A step leaves nothing in it that it reads again. The memory goes with the last graph in it, and
    torch then refuses the handle: who comes next begins another.
    """

    def __init__(self) -> None:
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()

    def recording(self, graph: torch.cuda.CUDAGraph, stream: torch.cuda.Stream) -> torch.cuda.graph:
        """The context in which what is started is recorded."""
        shared = next((other.pool() for other in self._graphs), None)
        return torch.cuda.graph(graph, pool=shared, stream=stream)

    def add(self, graph: torch.cuda.CUDAGraph) -> None:
        """Let others share the memory of this graph, now recorded."""
        self._graphs.add(graph)


def captured(
    work: Work, state: Sequence[Tensor], device: torch.device, pool: GraphPool
) -> Work | None:
    """What gives exactly what `work` would, faster; None where that cannot be recorded.

    `state` is all that `work` changes in place. Only a GPU records. Running out of memory is
    raised, and so is whatever goes wrong before the capture, as `work` warms up.
    """
    if device.type != "cuda":
        return None
    with torch.cuda.device(device):
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(aside):
                warm_up(work, state)
        finally:
            torch.cuda.current_stream().wait_stream(aside)
        graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # torch's own stream for this is of the device that recorded first.
            with pool.recording(graph, aside):
                work()
        except RuntimeError as problem:
            # A broken capture raises anew as it ends, and leaves its own stream the current one.
            torch.cuda.set_stream(here)
            cause = problem.__context__ or problem
            for error in (cause, problem):
                if is_out_of_memory(error):
                    raise error from None
            _say_that_it_is_slower(str(cause).split("\n", maxsplit=1)[0])
            return None
    pool.add(graph)
    return graph.replay


@torch.no_grad()
def warm_up(work: Work, state: Sequence[Tensor]) -> None:
    """Run `work` a few times and leave no trace of it in `state`."""
    before = [tensor.clone() for tensor in state]
    try:
        for _ in range(_WARM_UP_STEPS):
            with torch.enable_grad():
                work()
    finally:
        for tensor, was in zip(state, before, strict=True):
            tensor.copy_(was)


@cache
def _say_that_it_is_slower(problem: str) -> None:
    logging.getLogger(__name__).warning(
        "the training step cannot be recorded as a CUDA graph (%s): it runs operation by operation,"
        " with the same results but slower",
        problem,
    )
