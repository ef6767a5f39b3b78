import torch

from tuner.worker.error_text import OUT_OF_MEMORY, reason_of


def test_memory_that_ran_out_would_be_an_error_like_any_other() -> None:
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA out of memory.\nTried 2 GiB")):
        assert reason_of(error).startswith(OUT_OF_MEMORY)
    assert reason_of(torch.OutOfMemoryError("CUDA\n gave up")).endswith(
        "(OutOfMemoryError: CUDA gave up)"
    )
    assert reason_of(ValueError("a\n b")) == "ValueError: a b"
    assert len(reason_of(ValueError("x" * 5000))) <= 300
