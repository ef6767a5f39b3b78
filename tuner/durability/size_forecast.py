"""How many bytes a trial's checkpoint and best detector will take, before anything is trained.

python -m tuner.durability.size_forecast runs/<name>/space.yaml prints them, for a driver that does
without torch: the networks are built without their weights, and counted.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from models import detectors
from models.data.tasks import task_count
from tuner.durability.retention import needed_bytes
from tuner.space import Space, load_space

ROOMY_BYTES = 2_000_000_000
"""A limit of so much for each trial at once needs no forecast: the widest detectors stay below."""
_PATIENCE_S = 120
_LABEL_BYTES = 20_000  # names, rows and configuration beside the numbers


@dataclass(frozen=True, kw_only=True)
class TrialBytes:
    """Of one checkpoint, and of one best detector."""

    state: int
    best: int


def forecast(space_file: Path) -> TrialBytes | None:
    """Ask a process of its own; None where it fails, for a forecast stops no search."""
    command = [sys.executable, "-m", "tuner.durability.size_forecast", str(space_file)]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_PATIENCE_S
        )
        return TrialBytes(**json.loads(said.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError):
        return None


def trial_bytes(space: Space) -> TrialBytes:
    """Count the numbers of a trial at the space's fixed hyperparameters. Imports torch."""
    import torch  # noqa: PLC0415

    settings = detectors.resolve(space.detector, space.fixed)
    channels = space.data.preprocessing.channels
    detector = detectors.make(space.detector, settings, channels, space.data.size)
    with torch.device("meta"):
        networks = detector.networks()
    weights = sum(
        tensor.numel() * tensor.element_size()
        for network in networks.values()
        for tensor in network.state_dict().values()
    )
    optimized = {
        (phase.moments or phase.name, name)
        for stage in detector.stages()
        for phase in stage.phases
        for name in phase.trains
    }
    averaged = {
        name
        for stage in detector.stages()
        if stage.average
        for phase in stage.phases
        for name in phase.trains
    }
    averages = sum(
        parameter.numel() * parameter.element_size()
        for name in averaged
        for parameter in networks[name].parameters()
    )
    moments = sum(  # two of each, as Adam has
        2 * parameter.numel() * parameter.element_size()
        for _, name in optimized
        for parameter in networks[name].parameters()
    )
    tasks = task_count(space.data)
    return TrialBytes(
        state=tasks * (weights + moments + averages + _LABEL_BYTES),
        best=tasks * (weights + _LABEL_BYTES),
    )


def search_bytes(space: Space, slots: int) -> int:
    """The most that a search keeps at once: what running trials need, and a detector a trial.

    `storage_limit` lowers it as far as running trials allow. Imports torch.
    """
    each = trial_bytes(space)
    running = needed_bytes(slots, each.state, each.best)
    waits = space.scheduler.name == "asha" and space.scheduler.type == "promote"
    kept = each.best + (2 * each.state if waits else 0)  # a paused trial has both its checkpoints
    everything = running + max(0, space.trials - slots) * kept
    if space.storage_limit == "none":
        return everything
    return max(running, min(everything, space.storage_limit))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vars(trial_bytes(load_space(Path(sys.argv[1]))))) + "\n")
