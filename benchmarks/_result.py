"""Where the benchmarks leave their figures: one JSON file each, of one form."""

import json
import os
import platform
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
_PACKAGES = ("torch", "ray", "optuna", "scikit-learn", "wandb")


def write(benchmark: str, figures: Mapping[str, float], command: str | None = None) -> Path:
    """Write results/<benchmark>-<device>.json, replacing the last; returns the file.

    `command` is what makes the figures again; without it, the command line of this process.
    """
    device = device_name()
    record = {
        "benchmark": benchmark,
        "device": device,
        "machine": machine(),
        "versions": versions(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command or "python " + " ".join(sys.argv),
        "figures": {name: round(float(value), 4) for name, value in figures.items()},
    }
    FOLDER.mkdir(exist_ok=True)
    file = result_file(benchmark)
    file.write_text(json.dumps(record, indent=2) + "\n")
    return file


def result_file(benchmark: str) -> Path:
    """Where the figures of a benchmark on this device lie."""
    return FOLDER / f"{benchmark}-{_file_name(device_name())}.json"


def device_name() -> str:
    """The GPU's name where torch sees one, else the processor's."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return _processor()


def machine() -> dict[str, str | int | bool]:
    """What of the machine decides how fast it is."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "bfloat16": torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported(),
        "gpus": torch.cuda.device_count(),
    }


def versions() -> dict[str, str]:
    """Of Python and the packages that matter, those that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", lines, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def _file_name(device: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
