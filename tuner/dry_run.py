"""What `--dry-run` prints: everything about a search that is known before it starts."""

from __future__ import annotations

from models import detectors
from tuner.forecast import (
    Probe,
    Range,
    epochs_to_train,
    estimate_seconds,
    rungs,
)
from tuner.lanes import choose_lanes
from tuner.space import (
    Machine,
    Space,
    published_trials,
    resolve_scale,
    scale_sentence,
    space_text,
    trials_at_once,
)


def dry_run_text(space: Space, machine: Machine, probe: Probe | None = None) -> str:
    """Describe the search of a space on a machine; without a probe, no time is claimed."""
    resolved = resolve_scale(space, machine)
    lines = [
        space_text(resolved),
        scale_sentence(space, machine),
        _found_line(resolved, machine),
        _trials_line(resolved),
        _rungs_line(resolved),
        _epochs_line(epochs_to_train(resolved)),
        _time_line(resolved, machine, probe),
        "Nothing was started and nothing was written.",
    ]
    return "\n".join(lines) + "\n"


def _found_line(space: Space, machine: Machine) -> str:
    if space.resources.lanes == "auto" and machine.gpus and detectors.packable(space.detector):
        return f"Found: {machine}; how many trials share a GPU is measured at the start."
    lanes = choose_lanes(space, machine)
    found = f"Found: {machine}; {trials_at_once(space, machine, lanes.count)} trials train at once."
    return " ".join(filter(None, [found, lanes.sentence]))


def _trials_line(space: Space) -> str:
    first = published_trials(space)
    told = f", first the published {' and '.join(first)}, which are never stopped" if first else ""
    return f"Trials: {space.trials}{told}."


def _rungs_line(space: Space) -> str:
    stops = rungs(space)
    if not stops:
        return f"Early stopping: none, every trial trains {space.epochs} epochs."
    share = space.scheduler.reduction_factor
    at = ", ".join(map(str, stops))
    return f"Early stopping: after epoch {at}, the best 1 in {share} of each go on."


def _epochs_line(epochs: Range) -> str:
    if epochs.least == epochs.greatest:
        return f"Epochs of all trials together: {epochs.greatest:.0f}."
    limits = f"at least {epochs.least:.0f}, at most {epochs.greatest:.0f}"
    return f"Epochs of all trials together: {limits}, likely about {epochs.likely:.0f}."


def _time_line(space: Space, machine: Machine, probe: Probe | None) -> str:
    if probe is None:
        return "Time: not measured."
    times = estimate_seconds(space, machine, probe)
    limits = f"at least {duration(times.least)}, at most {duration(times.greatest)}"
    return f"Time to train: likely about {duration(times.likely)}; {limits}, by a measured epoch."


def duration(total_s: float) -> str:
    """Say a time as people do: 45 s, 12 min, 3.5 h."""
    if total_s < 90:
        return f"{total_s:.0f} s"
    if total_s < 90 * 60:
        return f"{total_s / 60:.0f} min"
    return f"{total_s / 3600:.1f} h"
