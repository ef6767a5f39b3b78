"""Write tensors to a safetensors file piece by piece, so that they need not fit into memory.

The library's own writer takes whole tensors. The format is its own: eight bytes with the length of
a JSON header, the header, and the data (https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_NAMES = {torch.int64: "I64", torch.uint8: "U8", torch.bool: "BOOL"}


@dataclass(frozen=True, kw_only=True)
class Block:
    """A tensor that comes in chunks along its first dimension."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    chunks: Callable[[], Iterator[Tensor]]

    @property
    def size(self) -> int:
        """In bytes."""
        return prod(self.shape) * self.dtype.itemsize


def write_blocks(path: Path, blocks: Mapping[str, Block], metadata: Mapping[str, str]) -> str:
    """Write the file, whole or not at all; returns the sha256 of its content."""
    ordered = dict(sorted(blocks.items(), key=lambda item: -item[1].dtype.itemsize))  # aligned
    header = _header(ordered, metadata)
    digest = hashlib.sha256()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            head = len(header).to_bytes(8, "little") + header
            for data in chain([head], _data(ordered)):
                digest.update(data)
                file.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest()


def _header(blocks: Mapping[str, Block], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    start = 0
    for name, block in blocks.items():
        end = start + block.size
        entries[name] = {
            "dtype": _NAMES[block.dtype],
            "shape": list(block.shape),
            "data_offsets": [start, end],
        }
        start = end
    header = json.dumps(entries).encode()
    return header + b" " * (-len(header) % 8)


def _data(blocks: Mapping[str, Block]) -> Iterator[bytes]:
    for block in blocks.values():
        for chunk in block.chunks():
            yield chunk.contiguous().numpy().tobytes()
