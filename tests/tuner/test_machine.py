"""What this machine has."""

from pathlib import Path

import pytest

from tuner.machine import find_machine


def test_the_machine_would_have_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_machine().cpus >= 1
    assert find_machine().gpus == 0


def test_gpus_would_be_miscounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tuner.machine._NVIDIA_GPUS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_machine().gpus == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert find_machine().gpus == 1
