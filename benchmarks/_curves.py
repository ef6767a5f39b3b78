"""Tables of real curves: configurations of a space, each with every epoch of its training.

A file is one JSON document with a line a configuration: `about` says where the figures come from,
`rows` hold what was recorded. Of the figures those that a search goes by are kept.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _result import machine, versions
from _running import ROOT

from models import detectors
from models.evaluation.standard_error import AUROC_ERROR
from models.hyperparameters import Value
from tuner.objectives import METRICS
from tuner.record.history import History
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EpochRow, TrialView
from tuner.space import Space, load_space

FOLDER = Path(__file__).parent / "curves"
SPACES = ROOT / "search_spaces"
_KEPT = (*METRICS, AUROC_ERROR)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """How a table is made: a file of `search_spaces/`, changed, and so many configurations.

    `images` are a folder below $TUNER_DATA, "" of published images. The early stopping and the
    sampler of searches on the table are those of the file.
    """

    space: str
    trials: int
    changes: tuple[str, ...] = ()
    images: str = ""


RECORDINGS: Mapping[str, Recording] = {
    "shirt": Recording(
        space="lossweights", trials=300, changes=("scale=cpu", "data.normal=[Shirt]")
    ),
    "bottle": Recording(
        space="autoencoder",
        trials=110,
        changes=(
            "data.dataset=folder",
            "scale=cpu",
            "scales.cpu={width: 8, batch_normals: 16, epochs: 27}",
        ),
        images="mvtec/bottle",
    ),
    "stages": Recording(
        space="fencegan",
        trials=110,
        changes=(
            "data.dataset=digits",
            "data.normal=[8]",
            "scale=cpu",
            "scales.cpu={width: 8, batch_normals: 32, epochs: 30}",
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """What was recorded: the trials, the space that they were drawn in, and facts about both."""

    name: str
    space: Space
    trials: tuple[TrialView, ...]
    about: Mapping[str, Any]

    @property
    def last_stage(self) -> str:
        """That of a training's last epochs, "" where there is one stage."""
        return str(self.about["stages"][-1][0])


def file_of(name: str) -> Path:
    """Where a table lies."""
    return FOLDER / f"{name}.json"


def there() -> list[str]:
    """The tables that have been made."""
    return [name for name in RECORDINGS if file_of(name).exists()]


def write_table(name: str, run_folder: RunFolder, images: str) -> Path:
    """Make a table of a search that is over. Of its data folder the place is left out."""
    history = read_past(run_folder).history
    space = load_space(run_folder.space).model_dump(mode="json")
    if images:
        space["data"]["folder"] = images
    about = {
        "table": name,
        "commit": _commit(),
        "split_digest": history.provenance.split_digest,
        "images_digest": history.provenance.images_digest,
        "code": dict(history.provenance.code),
        "machine": machine(),
        "versions": versions(),
        "seconds": round(history.seconds),
        "stages": _stages(history),
        "hyperparameters": detectors.resolve(space["detector"], space["fixed"]),
        "space": space,
    }
    common = about["hyperparameters"]
    rows = [_written(trial, common) for trial in history.by_number if trial.ended]
    FOLDER.mkdir(exist_ok=True)
    path = file_of(name)
    path.write_text(f'{{"about": {{\n{_lines(about)}\n}},\n"rows": [\n{_joined(rows)}\n]}}\n')
    return path


def read_table(name: str) -> Table:
    """Read a table back: trials as the search had them, but for what was left out."""
    content = json.loads(file_of(name).read_text())
    about = content["about"]
    stages = [stage for stage, count in about["stages"] for _ in range(count)]
    common = about["hyperparameters"]
    trials = tuple(_read(row, stages, common) for row in content["rows"])
    return Table(name=name, space=Space.model_validate(about["space"]), trials=trials, about=about)


def space_on(table: Table, trials: int, changes: Sequence[str] = ()) -> Space:
    """The table's space with the sampler and the early stopping that its file says, changed so."""
    file = load_space(SPACES / f"{RECORDINGS[table.name].space}.yaml", changes)
    rules = {"sampler": file.sampler, "scheduler": file.scheduler, "trials": trials}
    return Space.model_validate({**table.space.model_dump(), **rules})


def _lines(about: Mapping[str, Any]) -> str:
    return ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items())


def _joined(rows: Sequence[Mapping[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)


def _written(trial: TrialView, common: Mapping[str, Value]) -> dict[str, Any]:
    own = trial.hyperparameters.items()
    names = [name for name in _KEPT if trial.rows and name in trial.rows[0].metrics]
    return {
        "trial": trial.number,
        "published": trial.published,
        "state": trial.state,
        "reason": trial.reason,
        "hyperparameters": {name: value for name, value in own if common.get(name) != value},
        "seconds": [round(row.seconds, 4) for row in trial.rows],
        "metrics": {name: [round(row.metrics[name], 6) for row in trial.rows] for name in names},
    }


def _read(row: Mapping[str, Any], stages: Sequence[str], common: Mapping[str, Value]) -> TrialView:
    rows = tuple(
        EpochRow(
            epoch=nth + 1,
            metrics={name: values[nth] for name, values in row["metrics"].items()},
            losses={},
            seconds=seconds,
            worker="table",
            stage=stages[nth],
        )
        for nth, seconds in enumerate(row["seconds"])
    )
    return TrialView(
        number=row["trial"],
        state=row["state"],
        reason=row["reason"],
        published=row["published"],
        hyperparameters={**common, **row["hyperparameters"]},
        rows=rows,
    )


def _stages(history: History) -> list[tuple[str, int]]:
    """The stages of the longest training, each with the number of its epochs."""
    longest = max((trial.rows for trial in history.by_number), key=len)
    names = [row.stage for row in longest]
    return [(name, names.count(name)) for name in dict.fromkeys(names)]


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
