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
    torch then refuses the handle: who comes next begins another. All steps are of one device.
    """

    def __init__(self) -> None:
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        self._stream: torch.cuda.Stream | None = None

    def stream(self) -> torch.cuda.Stream:
        """Where all its steps are recorded: torch gives a stream's memory to that stream alone."""
        if self._stream is None:
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        return self._stream

    def recording(self, graph: torch.cuda.CUDAGraph) -> torch.cuda.graph:
        """The context in which what is started is recorded."""
        shared = next((other.pool() for other in self._graphs), None)
        return torch.cuda.graph(graph, pool=shared, stream=self.stream())

    def add(self, graph: torch.cuda.CUDAGraph) -> None:
        """Let others share the memory of this graph, now recorded."""
        self._graphs.add(graph)


@cache
def _say_that_it_is_slower(problem: str) -> None:
    logging.getLogger(__name__).warning(
        "the training step cannot be recorded as a CUDA graph (%s): it runs operation by operation,"
        " with the same results but slower",
        problem,
    )


def captured(
    work: Work, state: Sequence[Tensor], device: torch.device, pool: GraphPool
) -> Work | None:
    """What gives exactly what `work` would, faster; None where that cannot be recorded.

    `state` is all that `work` changes in place. Only a GPU records; where it cannot, the log says
    why. Running out of memory is raised, and so is whatever goes wrong before the capture, as
    `work` warms up.
    """
    if device.type != "cuda":
        return None
    with torch.cuda.device(device):
        aside = pool.stream()
        aside.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(aside):
                warm_up(work, state)
        finally:
            torch.cuda.current_stream().wait_stream(aside)
        graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # torch's own stream for this is of the device that recorded first.
            with pool.recording(graph):
                work()
        except RuntimeError as problem:
            # A broken capture raises anew as it ends, and leaves its own stream the current one.
            torch.cuda.set_stream(here)
            _check_memory(problem)
            _say_that_it_is_slower(_first_line(problem.__context__ or problem))
            return None
    pool.add(graph)
    return graph.replay


def _check_memory(problem: RuntimeError) -> None:
    """Raise that memory ran out, if that is what broke a capture.

    As a new error: a frame that keeps an error which leads back to it keeps, until garbage is
    collected, all that the failed work had made.
    """
    for error in (problem.__context__, problem):
        if error is not None and is_out_of_memory(error):
            raise torch.cuda.OutOfMemoryError(str(error)) from error


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", maxsplit=1)[0]


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
