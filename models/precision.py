"""In which number format training computes, and in which order its convolutions add up.

Training in float32 on a GPU leaves torch's defaults: convolutions in TF32, matrix products whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

NumberFormat = Literal["float32", "bfloat16"]
Precision = Literal["auto", "float32", "bfloat16"]


def pick_device(device: str | None = None) -> torch.device:
    """The named device; without a name the GPU if there is one."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def pick_precision(precision: Precision, device: torch.device, lanes: int) -> NumberFormat:
    """bfloat16 where "auto" finds hardware for it: there it is faster, elsewhere far slower.

    Several lanes on a CPU train in float32: there torch's autocast passes mapped convolutions by.
    """
    passed_by = device.type == "cpu" and lanes > 1
    if precision == "auto":
        return "bfloat16" if not passed_by and _has_bfloat16(device) else "float32"
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is {precision!r}, allowed are: auto, float32, bfloat16")
    if precision == "bfloat16" and passed_by:
        raise ValueError(
            f"{lanes} lanes cannot train in bfloat16 on a CPU: give float32 or auto, or one lane"
        )
    return precision


@contextmanager
def deterministic_convolutions() -> Iterator[None]:
    """On a GPU the same sums in the same order every time; a CPU's convolutions are so anyway."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
