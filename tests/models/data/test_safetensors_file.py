"""The file of a search's images is one that its library reads, piece by piece as it was written."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from models.data.safetensors_file import Block, write_blocks


def block(tensor: Tensor, piece: int) -> Block:
    def chunks() -> Iterator[Tensor]:
        yield from torch.split(tensor, piece)

    return Block(shape=tuple(tensor.shape), dtype=tensor.dtype, chunks=chunks)


def test_the_library_would_read_other_tensors_than_were_written(tmp_path: Path) -> None:
    tensors = {
        "images": torch.randint(256, (11, 3, 5, 7), dtype=torch.uint8),
        "classes": torch.arange(11) * 1000,
        "anomalous": torch.arange(11) % 3 == 0,
        "none": torch.empty((0, 4), dtype=torch.uint8),
    }
    path = tmp_path / "file"
    digest = write_blocks(path, {k: block(v, 4) for k, v in tensors.items()}, {"a": "é"})
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"a": "é"}
        for name, tensor in tensors.items():
            assert torch.equal(file.get_tensor(name), tensor)


def test_a_broken_writing_would_leave_a_file(tmp_path: Path) -> None:
    def broken() -> Iterator[Tensor]:
        yield torch.zeros(3, dtype=torch.uint8)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        write_blocks(tmp_path / "f", {"a": Block(shape=(6,), dtype=torch.uint8, chunks=broken)}, {})
    assert list(tmp_path.iterdir()) == []
