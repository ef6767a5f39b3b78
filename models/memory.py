"""What running out of memory looks like."""

import torch


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether a device or the host had no room left; the allocators do not agree on a type."""
    if isinstance(problem, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    text = str(problem).lower()
    return isinstance(problem, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text
    )
