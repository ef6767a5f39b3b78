"""May this space go on where a run stopped? Only what cannot change a trial may differ."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.space import Space, load_space
from tuner.space.rules import AUTO
from tuner.space.scales import at_scale

_SETTABLE = (
    "trials",
    "wandb",
    "data.folder",
    "storage_limit",
    "resources.concurrent_trials",
    "resources.infrastructure_retries",
    "resources.error_retries",
)
_MAY_CHANGE = (*_SETTABLE, "result")  # which is written into best.yaml, and read back with it


def recorded_space(run_folder: RunFolder) -> Space | None:
    """Return the resolved space of a run, or None where the folder holds no run."""
    return load_space(run_folder.space) if run_folder.space.exists() else None


def resumed_space(recorded: Space, wanted: Space, run_folder: RunFolder) -> Space:
    """Return the wanted space at the recorded scale.

    Raises TunerError, naming every differing key, where the run's trials would no longer be
    comparable with new ones.
    """
    resolved = at_scale(wanted, _scale_of(recorded, wanted))
    differing = list(_differences(recorded, resolved))
    if differing:
        lines = "\n".join(f"  {line}" for line in differing)
        raise TunerError(
            f"{run_folder} cannot go on with another space, its trials would not be comparable:\n"
            f"{lines}\n"
            f"Only the time budget, {', '.join(_SETTABLE[:-1])} and {_SETTABLE[-1]} may change "
            "with --resume. Leave the change out, or start a new search with another --name."
        )
    return resolved


def _scale_of(recorded: Space, wanted: Space) -> str:
    """`auto` means the scale that the run has, whatever machine it goes on with."""
    if wanted.scale == AUTO and recorded.scale in wanted.scales:
        return recorded.scale
    return wanted.scale


def _differences(recorded: Space, wanted: Space) -> Iterator[str]:
    before, after = _flat(_comparable(recorded)), _flat(_comparable(wanted))
    for key in dict.fromkeys([*before, *after]):
        if _may_change(key) or before.get(key) == after.get(key):
            continue
        yield f"{key}: the run has {before.get(key, 'none')}, now given {after.get(key, 'none')}"


def _comparable(space: Space) -> dict[str, object]:
    """The space with `auto` made a number: an earlier version wrote the number that it means."""
    written = space.model_dump()
    written["scheduler"]["grace_epochs"] = space.grace_epochs
    return written


def _may_change(key: str) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in _MAY_CHANGE)


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return flat
