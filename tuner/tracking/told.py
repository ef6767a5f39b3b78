"""What W&B is told: names, tags and values, without W&B itself."""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.hyperparameters import Value
from tuner.record.trials import EpochRow, TrialView

_NAMED = 3  # settings in a run's name
_LONGEST_TAG = 64  # W&B refuses longer ones


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search's own run holds: its leaderboard, its best configuration, its files.

    `state` and `reason` say how the search ended, `figures` what came of it.
    """

    state: str
    reason: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value | None]]
    best: Mapping[str, Value]
    figures: Mapping[str, Value]
    files: Sequence[Path]

    @property
    def fingerprint(self) -> str:
        """Differs where anything of it does but the place of its files."""
        contents = [
            (path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in self.files
        ]
        rest = repr(replace(self, files=()))
        return hashlib.sha256(f"{rest}{contents}".encode()).hexdigest()


def row_values(row: EpochRow) -> dict[str, float | int | str]:
    """What W&B stores of an epoch: finite values only, `epoch` the axis."""
    values: dict[str, float | int | str] = {"epoch": row.epoch, "seconds": row.seconds}
    if row.stage:
        values["stage"] = row.stage
    for name, value in row.metrics.items():
        if math.isfinite(value):
            part = name.removeprefix("auroc/")
            values[name if part == name else f"score/{part}"] = value
    for name, value in row.losses.items():
        if math.isfinite(value):
            values[f"loss/{name}"] = value
    return values


def trial_name(trial: TrialView, searched: Sequence[str]) -> str:
    """The name of a trial's run: its number, and the published set or the first settings searched.

    Which settings tell most is known only when a search is over, and a name is given at the start:
    the space file's order is its author's.
    """
    beginning = f"trial-{trial.number}"
    if trial.published:
        return f"{beginning} published {trial.published}"
    settings = trial.settings
    named = [name for name in searched if name in settings][:_NAMED]
    return " ".join([beginning, *(f"{name}={_short(settings[name])}" for name in named)])


def tags(facts: Mapping[str, object]) -> tuple[str, ...]:
    """Detector and data set, own images by their folder's name; then whatever WANDB_TAGS names."""
    known = [Path(str(facts[key])).name for key in ("detector", "data") if key in facts]
    wished = [tag.strip() for tag in os.environ.get("WANDB_TAGS", "").split(",")]
    return tuple(_without_doubles(tag[:_LONGEST_TAG] for tag in [*known, *wished] if tag))


def _without_doubles(texts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(texts)


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
