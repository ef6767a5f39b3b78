"""What `--dry-run` prints: everything about a search that is known before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuner.cli.text import counted, duration
from tuner.durability.lease import Lease
from tuner.durability.storage_choice import check_free, is_kept
from tuner.engine.early_stopping import rungs_of
from tuner.errors import TunerError
from tuner.planning.data_summary import (
    check_enough,
    numbers_found,
    search_warnings,
    split_text,
)
from tuner.planning.forecast import (
    START_S,
    Probe,
    Range,
    epochs_left,
    estimate_seconds,
)
from tuner.planning.lanes import are_measured, choose_lanes
from tuner.record.lock import driven, driver_of
from tuner.record.run_folder import RunFolder
from tuner.record.time_budget import TimeBudget
from tuner.record.trials import TrialView
from tuner.results.device_time import device_seconds
from tuner.space import (
    Machine,
    Space,
    published_trials,
    resolve_scale,
    scale_sentence,
    space_text,
    trials_at_once,
)
from tuner.storage import NONE, Storage
from tuner.storage.files import as_typed
from tuner.tracking.mode import choose_mode

if TYPE_CHECKING:
    from models.data.split import Split


def check_start(run_folder: RunFolder, place: Storage | None, *, goes_on: bool) -> None:
    """Raise TunerError where a search would before it trains; leaves nothing behind."""
    if (driver := driver_of(run_folder)) is not None:
        raise TunerError(driven(run_folder, driver))
    if place is None:
        return
    place.try_out()
    if not goes_on:
        check_free(place, run_folder)
    elif is_kept(place, run_folder):
        Lease(place.within(run_folder.name)).check_free()


def run_line(
    space: Space, run_folder: RunFolder, place: Storage | None, trials: Sequence[TrialView] | None
) -> str:
    """Say which run it would be; `trials` are None for a new one."""
    where = f"storage {place.uri if place else NONE}; W&B {choose_mode(space.wandb.mode).mode}."
    if trials is None:
        return f"New run {run_folder}; {where}"
    ended = sum(trial.ended for trial in trials)
    return f"{run_folder.name} goes on: {ended} of {space.trials} trials have ended; {where}"


def dry_run_text(
    space: Space,
    machine: Machine,
    probe: Probe | None = None,
    trials: Sequence[TrialView] = (),
    splits: Sequence[Split] = (),
    budget: TimeBudget | None = None,
) -> str:
    """Describe the search of a space on a machine, which may have these trials already.

    Without a probe, no time is claimed. `splits` are the images that it is searched on; none where
    they are on other machines. `budget` is None where there is no limit.
    """
    resolved = resolve_scale(space, machine)
    epochs = epochs_left(resolved, trials)
    times = None if probe is None else estimate_seconds(resolved, machine, probe, epochs)
    lines = [
        space_text(resolved, numbers_found(resolved.data, splits) if splits else {}),
        scale_sentence(space, machine),
        *([images_text(resolved, splits)] if splits else []),
        _found_line(resolved, machine),
        _trials_line(resolved),
        _rungs_line(resolved),
        _epochs_line(epochs, "left" if trials else "of all trials together"),
        _time_line(resolved, machine, times),
        *([] if budget is None else [_budget_line(budget, times)]),
        *_devices_line(resolved, machine, times, trials),
        _nothing_line(looked=bool(splits) or probe is not None),
    ]
    return "\n".join(lines) + "\n"


def found_splits(space: Space) -> tuple[Split, ...]:
    """The images of fit and validation; raises DataProblem, or TunerError for too few."""
    from models.data.sources import find  # noqa: PLC0415 - scikit-learn
    from models.data.tasks import make_splits  # noqa: PLC0415

    splits = make_splits(space.data, find(space.data))
    check_enough(space, splits)
    return splits


def images_text(space: Space, splits: Sequence[Split]) -> str:
    """Say which images fit and validation have, and what is doubtful."""
    return "\n".join(
        [
            f"Images: {split_text(space.data, splits)}.",
            *search_warnings(space, splits),
        ]
    )


def _nothing_line(*, looked: bool) -> str:
    """What a dry run has left: where it `looked` at images, what a search would make of them."""
    from models.data.sources import default_cache  # noqa: PLC0415 - scikit-learn

    if not looked:
        return "Nothing was started, and nothing was written."
    return (
        "Nothing was started, and nothing was written but images, downloaded and prepared as the "
        f"search takes them, in {as_typed(default_cache().absolute())}."
    )


def _found_line(space: Space, machine: Machine) -> str:
    if are_measured(space, machine):
        return f"Found: {machine}; how many trials share a GPU is measured at the start."
    lanes = choose_lanes(space, machine)
    found = f"Found: {machine}; {trials_at_once(space, machine, lanes.count)} trials train at once."
    return " ".join(filter(None, [found, lanes.sentence]))


def _trials_line(space: Space) -> str:
    first = published_trials(space)
    told = f", first the published {' and '.join(first)}, which are never stopped" if first else ""
    return f"Trials: {space.trials}{told}."


def _rungs_line(space: Space) -> str:
    stops = rungs_of(space)
    if not stops:
        return f"Early stopping: none, every trial trains {counted(space.epochs, 'epoch')}."
    share = space.scheduler.reduction_factor
    at = ", ".join(map(str, stops))
    others = "; the others wait until they are" if space.scheduler.type == "promote" else ""
    return f"Early stopping: after epoch {at}, the best 1 in {share} of each go on{others}."


def _epochs_line(epochs: Range, which: str) -> str:
    if epochs.least == epochs.greatest:
        return f"Epochs {which}: {epochs.greatest:.0f}."
    limits = f"at least {epochs.least:.0f}, at most {epochs.greatest:.0f}"
    return f"Epochs {which}: {limits}, likely about {epochs.likely:.0f}."


def _time_line(space: Space, machine: Machine, times: Range | None) -> str:
    if times is None:
        return "Time: not measured."
    limits = f"{times.spelt(duration)} at this pace"
    how = measured_how(space, machine)
    likely = f"likely about {duration(times.likely)}, {START_S} s of it to start"
    return f"Time: {likely}; {limits}, {how}."


def _budget_line(budget: TimeBudget, times: Range | None) -> str:
    used = f", of which {duration(budget.used_s)} is used" if budget.used_s else ""
    line = f"Time budget of all starts together: {duration(budget.seconds)}{used}"
    if times is None:
        return f"{line}."
    if budget.left_s >= times.greatest:
        return f"{line}; enough for all that is left."
    if budget.left_s >= times.likely:
        return f"{line}; likely enough for all that is left."
    return f"{line}; likely too little for all that is left, --time-budget changes it."


def _devices_line(
    space: Space, machine: Machine, times: Range | None, trials: Sequence[TrialView]
) -> list[str]:
    """What devices will be used, where there is a limit or a price for them."""
    price, limit_s = space.budget.price_per_device_hour, space.budget.device_s
    if times is None or (price is None and limit_s is None):
        return []
    lanes = choose_lanes(space, machine).count
    used_s = max(0.0, times.likely - START_S) * trials_at_once(space, machine, lanes) / lanes
    costs = "" if price is None else f", which cost {price * used_s / 3600:.2f}"
    line = f"Devices: likely about {duration(used_s)} of them together{costs}"
    if limit_s is None:
        return [f"{line}."]
    left_s = limit_s - sum(device_seconds(trials).values())
    fits = "within" if used_s <= left_s else "more than"
    which = "the rest of the budget" if trials else "the budget"
    return [f"{line}; {fits} {which}, {duration(left_s)}."]


def measured_how(space: Space, machine: Machine) -> str:
    """Say what a time was reckoned from: an epoch of one trial, or of a pack's lanes together."""
    if are_measured(space, machine):
        return "by a measured epoch of one trial a GPU, where several that share it take less"
    lanes = choose_lanes(space, machine).count
    return "by a measured epoch" + (f" of {lanes} lanes together" if lanes > 1 else "")
