"""What the search of a folder will cost here: trials, epochs, time, memory, disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from tuner.cli.text import counted, duration, size_text
from tuner.planning.dry_run import measured_how
from tuner.planning.epoch_timing import epoch_seconds
from tuner.planning.forecast import START_S, epochs_to_train, estimate_seconds
from tuner.planning.lanes import choose_lanes
from tuner.space import Machine, Space, resolve_scale, trials_at_once

_TIGHT = 0.5


def cost_lines(space: Space, machine: Machine, pictures: int, cache: Path) -> list[str]:
    """Measure an epoch and say what all of them take; `pictures` are decoded in the cache."""
    resolved = resolve_scale(space, machine)
    at_once = trials_at_once(resolved, machine, choose_lanes(resolved, machine).count)
    epochs = epochs_to_train(resolved)
    times = estimate_seconds(resolved, machine, epoch_seconds, epochs)
    trials, longest = counted(resolved.trials, "trial"), counted(resolved.epochs, "epoch")
    together = counted(round(epochs.likely), "epoch")
    return [
        f"Cost of the search on {machine}, {measured_how(resolved, machine)}:",
        f"  {trials} of at most {longest}, {at_once} at once; likely {together} together",
        f"  likely about {_time(times.likely)} ({times.spelt(_time)} at this pace), "
        f"{START_S} s of it to start",
        *_memory_lines(space, pictures, cache),
    ]


def _time(seconds: float) -> str:
    return "1 s" if seconds < 1 else duration(seconds)


def _memory_lines(space: Space, pictures: int, cache: Path) -> list[str]:
    made = space.data.preprocessing
    size = pictures * made.channels * made.size**2
    disk = shutil.disk_usage(cache).free
    memory = _available_memory()
    text = f"  decoded pictures: {size_text(size)}, one copy for all trials, in {cache}"
    tight = [
        f"  ! {where} has {size_text(free)} free for them: lower data.size"
        for where, free in (("the disk", disk), ("memory", memory))
        if free is not None and size > _TIGHT * free
    ]
    return [text, *tight]


def _available_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say."""
    file = Path("/proc/meminfo")
    lines = file.read_text().splitlines() if file.exists() else []
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None
