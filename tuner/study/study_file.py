"""`study.db`, written row by row: one transaction an event, a fifth of a millisecond.

The tables are those of Optuna's own SQLite storage, which makes the file and reads it; its public
calls ask the file before each of the ten hyperparameters that they write, some 15 ms a trial. Only
`REVISION` of the tables is written here; any other `tuner.study.study` leaves to Optuna.
"""

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.hyperparameters import Value
from tuner.objectives import metric_of
from tuner.record.events import EpochReported, Event, TrialAsked, TrialEnded, TrialPaused
from tuner.record.trials import EndReason

REVISION = "v3.2.0.a"  # of Optuna's tables, as it stands in the file
PATIENCE_S = 60  # for a reader that has locked the file

STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
_TRIAL = """INSERT INTO trials (number, study_id, state, datetime_start)
    VALUES (?, (SELECT study_id FROM studies), 'RUNNING', ?)"""
_PARAMETER = """INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
    VALUES (?, ?, ?, ?)"""
METRIC_NAMES = "study:metric_names"  # Optuna's own key for what a study's values are called
CONSTRAINTS = "constraints"  # Optuna's own key as well: a number above 0 is a constraint not kept
NOT_KEPT = [1.0]
PAUSED = "paused after epoch"
_ABOUT = """INSERT OR REPLACE INTO study_user_attributes (study_id, key, value_json)
    VALUES ((SELECT study_id FROM studies), ?, ?)"""
_NAMES = """INSERT OR REPLACE INTO study_system_attributes (study_id, key, value_json)
    VALUES ((SELECT study_id FROM studies), ?, ?)"""
_ATTRIBUTE = """INSERT OR REPLACE INTO trial_user_attributes (trial_id, key, value_json)
    VALUES (?, ?, ?)"""
_CONSTRAINT = """INSERT OR REPLACE INTO trial_system_attributes (trial_id, key, value_json)
    VALUES (?, ?, ?)"""
_EPOCH = """INSERT INTO trial_intermediate_values
    (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, 'FINITE')"""
_VALUE = """INSERT INTO trial_values (trial_id, objective, value, value_type)
    VALUES (?, 0, ?, 'FINITE')"""
_END = "UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?"
_TOLD = (  # all but the end's time: Optuna's own calls take that of the call
    "SELECT version_num FROM alembic_version",
    "SELECT trial_id, study_id, number, state, datetime_start FROM trials",
    "SELECT trial_id, param_name, param_value FROM trial_params",
    "SELECT trial_id, step, intermediate_value FROM trial_intermediate_values",
    "SELECT trial_id, value FROM trial_values",
    "SELECT trial_id, key, value_json FROM trial_user_attributes ORDER BY trial_id, key",
)


Within = Callable[[Mapping[str, Value]], tuple[Mapping[str, Value], Mapping[str, Value]]]
"""Values within their ranges, and those that lay outside."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How Optuna writes one hyperparameter: its distribution as JSON, a value as a number."""

    distribution: str
    as_number: Callable[[Value], float]


@dataclass
class ToldTrial:
    """What a copy holds of one trial, so that it need not be read again to be written to."""

    trial_id: int
    values: dict[int, float]
    ended: bool
    last: float | None = None
    epoch: int = 0
    pauses: list[int] = field(default_factory=list)


def trial_attributes(
    published: str | None, outside: Mapping[str, Value]
) -> dict[str, str | dict[str, Value]]:
    """What is said of a trial when it begins."""
    said: dict[str, str | dict[str, Value]] = {"published": published} if published else {}
    if outside:
        said["outside its range, shown at the end"] = dict(outside)
    return said


_OF_NO_USE = (EndReason.DIVERGED, EndReason.COLLAPSED)


class StudyCopy(ABC):
    """Trials as the journal's events tell them; an event already taken in changes nothing.

    A trial's value is the `objective` after its newest epoch; an epoch's is the `metric`.
    """

    def __init__(self, objective: str, metric: str, held: list[ToldTrial]) -> None:
        self._objective, self._metric = objective, metric
        self.held = held

    def take(self, event: Event) -> None:
        """Write what an event tells of a trial."""
        match event:
            case TrialAsked() if event.trial == len(self.held):
                self.held.append(ToldTrial(self._begin(event), {}, False))
            case EpochReported():
                held, epoch = self.held[event.trial], event.row.epoch
                held.last, held.epoch = event.row.metrics[self._objective], epoch
                if not held.ended and epoch not in held.values:
                    value = event.row.metrics[self._metric]
                    self._set_value(held.trial_id, epoch, value)
                    held.values[epoch] = value
            case TrialPaused():
                held = self.held[event.trial]
                if not held.ended and held.epoch not in held.pauses:
                    held.pauses.append(held.epoch)
                    self._say(held.trial_id, PAUSED, ", ".join(map(str, held.pauses)))
            case TrialEnded():
                held = self.held[event.trial]
                if not held.ended:
                    if event.reason:
                        self._say(held.trial_id, "reason", event.reason)
                    if EndReason.of(event.state, event.reason) in _OF_NO_USE:
                        self._constrain(held.trial_id)
                    self._end(held.trial_id, event, held.last if event.state != "failed" else None)
                    held.ended = True

    @abstractmethod
    def _begin(self, event: TrialAsked) -> int:
        """Write a new trial; returns the id that it has here."""

    @abstractmethod
    def _set_value(self, trial_id: int, epoch: int, value: float) -> None:
        """Write the value of an epoch."""

    @abstractmethod
    def _say(self, trial_id: int, name: str, text: str) -> None:
        """Write a user attribute of a trial."""

    @abstractmethod
    def _constrain(self, trial_id: int) -> None:
        """Write that the trial is outside the ranking, in Optuna's terms infeasible."""

    @abstractmethod
    def _end(self, trial_id: int, event: TrialEnded, value: float | None) -> None:
        """Write that a trial ended, and its last value, as Optuna's `tell` takes it."""


def revision(path: Path) -> str:
    """The revision of Optuna's tables in the file at `path`."""
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else ""


def told(path: Path) -> list[list[Any]] | None:
    """All that a file tells of its trials; None if it is missing, damaged or no file."""
    if not path.is_file():  # SQLite would wait for a pipe, and for ever
        return None
    # Without a log beside it nothing is written, not even on a full disk; `rw` makes no new file.
    mode = "rw" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return None
            return [connection.execute(query).fetchall() for query in _TOLD]
    except sqlite3.Error:
        return None


def epochs_told(path: Path) -> dict[int, int]:
    """The epochs of each trial that a file knows of, by number; {} where it tells nothing."""
    found = told(path)
    if found is None:
        return {}
    trials, values = found[1], found[3]
    numbers = {trial_id: number for trial_id, _, number, _, _ in trials}
    epochs = dict.fromkeys(numbers.values(), 0)
    for trial_id, step, _ in values:
        epochs[numbers[trial_id]] = max(step, epochs[numbers[trial_id]])
    return epochs


def put_in_place(draft: Path, path: Path) -> str:
    """Put `draft` at `path` unless the file there tells the same; what was wrong with that one."""
    found = told(path)
    if found is not None and found == told(draft):
        return ""
    forget_log(path)
    draft.replace(path)
    return "was missing or damaged" if found is None else "was not what the journal tells"


def forget_log(path: Path) -> None:
    """Remove the log that belongs to the file that has been at `path`: it would spoil another."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class StudyFile(StudyCopy):
    """The study's copy on disk, in a file that Optuna has made and that holds this study alone.

    The log is written ahead and not forced to the disk: a transaction outlives a kill of this
    process, and the file is whole after any. What a loss of power takes, the journal gives back.
    """

    def __init__(
        self,
        path: Path,
        parameters: Mapping[str, Parameter],
        objective: str,
        within: Within,
    ) -> None:
        self._parameters = parameters
        self._within = within
        self._connection = sqlite3.connect(path, timeout=PATIENCE_S)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        super().__init__(objective, metric_of(objective), self._read())

    def apply(self, *events: Event) -> None:
        """Bring the file forward, in one transaction; an event already applied changes nothing."""
        with self._connection:
            for event in events:
                self.take(event)

    def describe(self, about: Mapping[str, object], objective: str) -> None:
        """Say what the study is about and what its value is called."""
        facts = [(name, json.dumps(fact)) for name, fact in about.items()]
        with self._connection:
            self._connection.executemany(_ABOUT, facts)
            self._connection.execute(_NAMES, (METRIC_NAMES, json.dumps([objective])))

    def close(self) -> None:
        """Let go of the file; the log is folded into it."""
        self._connection.close()

    def _begin(self, event: TrialAsked) -> int:
        row = self._connection.execute(_TRIAL, (event.trial, _utc(event.time)))
        searched, outside = self._within(event.searched)
        trial_id = row.lastrowid
        assert trial_id is not None, "SQLite numbers every row that it takes"
        self._connection.executemany(
            _PARAMETER,
            [
                (trial_id, name, parameter.as_number(value), parameter.distribution)
                for name, value in searched.items()
                for parameter in [self._parameters[name]]
            ],
        )
        attributes = trial_attributes(event.published, outside).items()
        self._connection.executemany(
            _ATTRIBUTE, [(trial_id, name, json.dumps(value)) for name, value in attributes]
        )
        return trial_id

    def _set_value(self, trial_id: int, epoch: int, value: float) -> None:
        self._connection.execute(_EPOCH, (trial_id, epoch, value))

    def _say(self, trial_id: int, name: str, text: str) -> None:
        self._connection.execute(_ATTRIBUTE, (trial_id, name, json.dumps(text)))

    def _constrain(self, trial_id: int) -> None:
        self._connection.execute(_CONSTRAINT, (trial_id, CONSTRAINTS, json.dumps(NOT_KEPT)))

    def _end(self, trial_id: int, event: TrialEnded, value: float | None) -> None:
        if value is not None:
            self._connection.execute(_VALUE, (trial_id, value))
        self._connection.execute(_END, (STATES[event.state], _utc(event.time), trial_id))

    def _read(self) -> list[ToldTrial]:
        trials = {
            trial_id: ToldTrial(trial_id, {}, state != "RUNNING")
            for trial_id, state in self._connection.execute(
                "SELECT trial_id, state FROM trials ORDER BY number"
            )
        }
        for trial_id, epoch, value in self._connection.execute(
            "SELECT trial_id, step, intermediate_value FROM trial_intermediate_values"
        ):
            trials[trial_id].values[epoch] = value
        return list(trials.values())


def _utc(seconds: float) -> str:
    """A time as Optuna keeps it: of Greenwich, without saying so."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
