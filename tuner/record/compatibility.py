"""May this space go on where a run stopped? Only what cannot change a trial may differ."""

from __future__ import annotations

from tuner.errors import SpaceError, TunerError
from tuner.record.history import History
from tuner.record.own_files import is_own_file
from tuner.record.run_folder import RunFolder
from tuner.space import Space, best_space, load_space
from tuner.space.rules import AUTO
from tuner.space.scales import at_scale

_SETTABLE = (
    "trials",
    "wandb",
    "data.folder",
    "storage_limit",
    "budget",
    "resources.concurrent_trials",
    "resources.infrastructure_retries",
    "resources.error_retries",
)
_MAY_CHANGE = (*_SETTABLE, "result")  # which is written into best.yaml, and read back with it


def recorded_space(run_folder: RunFolder) -> Space | None:
    """Return the resolved space of a run, or None where the folder holds no run."""
    return load_space(run_folder.space) if is_own_file(run_folder.space) else None


def space_missing(run_folder: RunFolder) -> TunerError:
    """What to say where there is a record, and its space file is gone."""
    name = run_folder.space.name
    return TunerError(f"{run_folder.name}: {name} is missing: --resume makes it anew")


def space_in(history: History, run_folder: RunFolder) -> Space:
    """The space that the newest driver wrote into the journal."""
    try:
        return Space.model_validate(history.space)
    except SpaceError as error:
        raise TunerError(
            f"{run_folder.journal} was recorded with a space that this version cannot read: go on "
            f"with the version that wrote it.\n{error}"
        ) from error


def check_space(history: History, run_folder: RunFolder) -> None:
    """Raise TunerError where the space's file is not the one that the journal was written with."""
    path = run_folder.space
    anew = f"remove it to have it made anew from {run_folder.journal.name}"
    try:
        written = load_space(path)
    except SpaceError as error:
        raise TunerError(f"{error}\n{path} is damaged: {anew} by --resume.") from error
    if lines := _lines(space_in(history, run_folder), written, "recorded is {}, the file has {}"):
        raise TunerError(
            f"{path} is not the space that this search was recorded with:\n{lines}\n"
            f"Bring the old file back, or {anew} by --resume; or start another search."
        )


def check_best(best: Space, history: History, run_folder: RunFolder) -> None:
    """Raise TunerError where the configuration is not what the record says of its trial."""
    path, number = run_folder.best, (best.result or {}).get("trial")
    trial = history.trials.get(number) if isinstance(number, int) else None
    if trial is None:
        raise TunerError(
            f"{path} names no trial that {run_folder.journal.name} knows of: bring the file that "
            "is damaged back, or have this one written anew by --resume; a configuration of your "
            "own is given by --config"
        )
    recorded = best_space(space_in(history, run_folder), trial.hyperparameters, best.result or {})
    if lines := _lines(recorded, best, "recorded is {}, the file has {}"):
        raise TunerError(
            f"{path} is not what trial {number} was trained with:\n{lines}\n"
            "Have it written anew by --resume; a configuration of your own is given by --config."
        )


def resumed_space(recorded: Space, wanted: Space, run_folder: RunFolder) -> Space:
    """Return the wanted space at the recorded scale.

    Raises TunerError, naming every differing key, where the run's trials would no longer be
    comparable with new ones.
    """
    resolved = at_scale(wanted, _scale_of(recorded, wanted))
    if lines := _lines(recorded, resolved, "the run has {}, now given {}"):
        raise TunerError(
            f"{run_folder} cannot go on with another space, its trials would not be comparable:\n"
            f"{lines}\n"
            f"Only the time budget, {', '.join(_SETTABLE[:-1])} and {_SETTABLE[-1]} may change "
            "with --resume. Leave the change out, or start a new search with another --run."
        )
    return resolved


def resume_changes(history: History, wanted: Space, run_folder: RunFolder) -> dict[str, object]:
    """What the wanted space has otherwise than the newest driver's, by key; {} without a driver."""
    if not history.space:
        return {}
    before = _flat(_comparable(space_in(history, run_folder)))
    after = _flat(_comparable(wanted))
    return {
        key: after.get(key)
        for key in dict.fromkeys([*before, *after])
        if _may_change(key) and before.get(key) != after.get(key)
    }


def _scale_of(recorded: Space, wanted: Space) -> str:
    """`auto` means the scale that the run has, whatever machine it goes on with."""
    if wanted.scale == AUTO and recorded.scale in wanted.scales:
        return recorded.scale
    return wanted.scale


def _lines(recorded: Space, wanted: Space, words: str) -> str:
    """A line for each key that differs and may not."""
    before, after = _flat(_comparable(recorded)), _flat(_comparable(wanted))
    return "\n".join(
        f"  {key}: {words.format(before.get(key, 'none'), after.get(key, 'none'))}"
        for key in dict.fromkeys([*before, *after])
        if not _may_change(key) and before.get(key) != after.get(key)
    )


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
