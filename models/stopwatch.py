"""How long work takes on a device, whatever it does at the same time with the host."""

import time
from collections.abc import Callable

import torch

_RUNS = 3


def finish(device: torch.device) -> None:
    """Wait until a GPU has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_per_call(work: Callable[[], object], device: torch.device, run_s: float) -> float:
    """Of the best of three runs of at least `run_s`, after a call that does not count.

    The best, since other work on the machine only ever slows a run.
    """
    work()
    finish(device)
    best = float("inf")
    for _ in range(_RUNS):
        calls, started, elapsed = 0, time.perf_counter(), 0.0
        while elapsed < run_s or not calls:
            work()
            finish(device)
            calls += 1
            elapsed = time.perf_counter() - started
        best = min(best, elapsed / calls)
    return best
