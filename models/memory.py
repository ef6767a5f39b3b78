"""The memory that training needs: how full it is, what running out looks like, the way out."""

import gc
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch.utils._pytree import tree_map

Nested = TypeVar("Nested")
Result = TypeVar("Result")

_SIGNS = ("out of memory", "can't allocate memory", "alloc_failed", "allocation_failed")
"""The last two end the statuses of NVIDIA's libraries, whose own memory it is."""


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether a device or the host had no room left; the allocators do not agree on a type."""
    if isinstance(problem, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    text = str(problem).lower()
    return isinstance(problem, RuntimeError) and any(sign in text for sign in _SIGNS)


def free_unused() -> None:
    """Give back what nothing needs any more, such as all that a step had made which failed.

    Not where its error is being handled: an error holds the frames that it came through.
    """
    gc.collect()  # an error that its own traceback holds keeps all of it
    torch.cuda.empty_cache()  # nothing where no GPU is in use


def where_it_fits(work: Callable[[], Result]) -> Result | None:
    """What `work` gives; None where there is no room for it, all that it had made given back."""
    try:
        return work()
    except (RuntimeError, MemoryError) as problem:
        if not is_out_of_memory(problem):
            raise
    free_unused()
    return None


def on_host(tensors: Nested, device: torch.device) -> Nested:
    """Nested tensors of the device on the CPU; a GPU is waited for once, not for each of them."""
    copies: Nested = tree_map(lambda tensor: tensor.to("cpu", non_blocking=True), tensors)
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()
    return copies


class MemoryGauge:
    """A GPU's memory, or the host's with this process at its largest so far.

    Bytes in use are read with `read` after each doubling of the lanes. A host that does not say how
    much it has (no /proc) counts as empty.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._host_total = _meminfo("MemTotal")
        self._others = self._host_total - _meminfo("MemAvailable") - _resident()
        self._readings = [self._used()]

    def read(self) -> None:
        """Take another reading."""
        self._readings.append(self._used())

    def share(self) -> float:
        """In use of all there is, at the last reading."""
        total = self._total()
        return self._readings[-1] / total if total else 0.0

    def share_after_doubling(self) -> float:
        """The same for twice the lanes: the next doubling adds twice what the last one did."""
        if len(self._readings) < 3 or not self._total():
            return self.share()
        grown = max(self._readings[-1] - self._readings[-2], 0)
        return (self._readings[-1] + 2 * grown) / self._total()

    def _used(self) -> int:
        if self._device.type == "cuda":
            free, total = torch.cuda.mem_get_info(self._device)
            return int(total - free)
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return max(self._others, 0) + largest

    def _total(self) -> int:
        if self._device.type == "cuda":
            return int(torch.cuda.mem_get_info(self._device)[1])
        return self._host_total


def _meminfo(field: str) -> int:
    """A line of /proc/meminfo in bytes; 0 where there is none."""
    file = Path("/proc/meminfo")
    lines = file.read_text().splitlines() if file.exists() else []
    found = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(found[0]) * 1024 if found else 0


def _resident() -> int:
    file = Path("/proc/self/statm")
    pages = int(file.read_text().split()[1]) if file.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE")
