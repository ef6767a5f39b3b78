"""How long work takes on a device. A GPU is waited for: starting its work returns at once."""

import time
from collections.abc import Callable

import torch

_RUNS = 3
_CALLS = {"cuda": 16}


def calls_between_looks(device: torch.device) -> int:
    """How often to do small work before the clock is looked at: a look waits for a GPU."""
    return _CALLS.get(device.type, 1)


def finish(device: torch.device) -> None:
    """Wait until a GPU has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_per_call(work: Callable[[], object], device: torch.device, run_s: float) -> float:
    """Of the best of three runs of at least `run_s`, after one call more.

    The best, since other work on the machine only ever slows a run.
    """

    def call() -> None:
        work()
        finish(device)

    call()
    best = float("inf")
    for _ in range(_RUNS):
        calls, started, elapsed = 0, time.perf_counter(), 0.0
        while not calls or elapsed < run_s:
            call()
            calls += 1
            elapsed = time.perf_counter() - started
        best = min(best, elapsed / calls)
    return best
