from types import SimpleNamespace

import pytest
import torch

from models.memory import is_out_of_memory, on_host


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    ],
)
def test_a_full_memory_would_be_taken_for_a_broken_step(problem: Exception) -> None:
    assert is_out_of_memory(problem)


@pytest.mark.parametrize(
    "problem", [RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED"), ValueError("out of memory")]
)
def test_lanes_would_be_halved_for_a_broken_step(problem: Exception) -> None:
    assert not is_out_of_memory(problem)


def test_a_gpu_would_be_waited_for_with_every_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[torch.device] = []
    monkeypatch.setattr(
        torch.cuda,
        "current_stream",
        lambda device: SimpleNamespace(synchronize=lambda: waits.append(device)),
    )
    cuda = torch.device("cuda")
    tensors = {"weights": {"a": torch.ones(2), "b": torch.zeros(3)}, "steps": torch.ones(1)}
    copies = on_host(tensors, cuda)
    assert waits == [cuda]
    assert copies["weights"]["a"].tolist() == [1.0, 1.0]
    on_host(tensors, torch.device("cpu"))
    assert len(waits) == 1
