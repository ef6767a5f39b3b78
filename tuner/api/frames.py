"""The record as pandas frames. pandas is loaded here alone, when a frame is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models import detectors
from tuner.record.events import encode
from tuner.record.trials import Decision, TrialView
from tuner.report.material import Material
from tuner.results.leaderboard import table

if TYPE_CHECKING:
    from pandas import DataFrame

_EPOCH = ("trial", "epoch", "stage", "seconds", "worker", "decision", "rung", "rank", "of")
_WHOLE = (
    "trial",
    "attempt",
    "epoch",
    "rung",
    "rank",
    "of",
    "best_epoch",
    "from_epoch",
    "epochs",
    "slots",
)


def trials_frame(material: Material) -> DataFrame:
    """The columns of trials.csv, a row a trial, by number."""
    heads, *rows = table(material.trials, material.space.objective)
    return _frame(rows, list(map(str, heads)), whole=_whole_hyperparameters(material))


def _whole_hyperparameters(material: Material) -> list[str]:
    """Those that take whole numbers, whether or not each trial has one."""
    taken = [
        each.name
        for each in detectors.hyperparameters(material.space.detector)
        if isinstance(each.default, int) and not isinstance(each.default, bool)
    ]
    tried = [trial.hyperparameters for trial in material.trials]
    return [name for name in taken if all(isinstance(each.get(name, 0), int) for each in tried)]


def epochs_frame(material: Material) -> DataFrame:
    """A row an epoch, by trial: its metrics under their names, its losses under `loss/<name>`."""
    rows = [row for trial in material.trials for row in _epochs_of(trial)]
    names = dict.fromkeys([*_EPOCH, *(name for row in rows for name in row)])
    return _frame(rows, list(names))


def _epochs_of(trial: TrialView) -> Iterable[Mapping[str, object]]:
    decisions: dict[int, Decision] = {}
    for each in trial.decisions:  # a promotion comes after the decision on the same epoch
        decisions.setdefault(each.epochs, each.decision)
    for row in trial.rows:
        decision = decisions.get(row.epoch)
        yield {
            "trial": trial.number,
            "epoch": row.epoch,
            "stage": row.stage,
            **row.metrics,
            **{f"loss/{name}": value for name, value in row.losses.items()},
            "seconds": row.seconds,
            "worker": row.worker,
            "decision": decision and decision.action,
            "rung": decision and decision.rung,
            "rank": decision and decision.rank,
            "of": decision and decision.of,
        }


def events_frame(material: Material) -> DataFrame:
    """A row a line of the journal, in its order."""
    from pandas import to_datetime  # noqa: PLC0415 - 0.5 s

    written = [encode(event) for event in material.events]
    names = dict.fromkeys(["time", "event", "trial", *(name for row in written for name in row)])
    frame = _frame(written, list(names))
    frame["time"] = to_datetime(frame["time"], unit="s", utc=True)
    return frame


def _frame(rows: Sequence[Any], columns: Sequence[str], whole: Sequence[str] = ()) -> DataFrame:
    """Whole numbers stay whole where some are missing."""
    from pandas import DataFrame  # noqa: PLC0415 - 0.5 s

    frame = DataFrame(rows, columns=columns)
    return frame.astype({name: "Int64" for name in (*_WHOLE, *whole) if name in frame})
