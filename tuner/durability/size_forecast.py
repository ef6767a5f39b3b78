"""How many bytes a trial's checkpoint and best detector will take, before anything is trained.

The networks are built without their weights, and counted.
"""

from dataclasses import dataclass

from models import detectors
from models.data.tasks import task_count
from tuner.durability.retention import needed_bytes
from tuner.space import Space

_LABEL_BYTES = 20_000  # names, rows and configuration beside the numbers


@dataclass(frozen=True, kw_only=True)
class TrialBytes:
    """Of one checkpoint, and of one best detector."""

    state: int
    best: int


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
