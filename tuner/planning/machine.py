"""What this machine has to offer, found without torch and ray."""

from __future__ import annotations

import math
import os
from pathlib import Path

from tuner.space import Machine

_NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")
_CGROUP = Path("/sys/fs/cgroup")


def find_machine() -> Machine:
    """Return the cores and GPUs of this machine."""
    return Machine(cpus=cores(), gpus=_gpus())


def cores() -> int:
    """Count the cores that this process may use: its affinity, or its container's quota if less."""
    return max(1, int(min(_affinity(), _quota())))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float:
    """The cores' worth of time that the cgroup allows, in version 2 or 1; infinite without one."""
    version_2, version_1 = _CGROUP / "cpu.max", _CGROUP / "cpu"
    try:
        if version_2.exists():
            quota, period = version_2.read_text().split()
        else:
            quota = (version_1 / "cpu.cfs_quota_us").read_text()
            period = (version_1 / "cpu.cfs_period_us").read_text()
        found = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
    return found if found > 0 else math.inf


def _gpus() -> int:
    """Count NVIDIA GPUs as the driver lists them, less those that the environment hides."""
    present = len(list(_NVIDIA_GPUS.iterdir())) if _NVIDIA_GPUS.is_dir() else 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return present
    named = [name for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    return min(present, len(named))
