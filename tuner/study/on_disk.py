"""`study.db`, opened for a search: what tells anything else than its journal is made anew."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from tuner.cli.output import say
from tuner.errors import TunerError
from tuner.objectives import metric_of
from tuner.record.events import Event
from tuner.study.distributions import moved_within
from tuner.study.optuna_copy import OptunaCopy, let_go
from tuner.study.study_file import REVISION, Parameter, StudyFile, put_in_place, revision


def open_on_disk(
    path: Path,
    distributions: Mapping[str, BaseDistribution],
    objective: str,
    events: Sequence[Event],
    about: Mapping[str, object],
) -> StudyFile | OptunaCopy:
    """Open the file at `path`; one that tells anything else than `events` is replaced first.

    The file that is there is only read: who has it open goes on with it, and whatever is wrong with
    it, the one made beside it is sound.
    """
    try:
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            draft = Path(scratch) / path.name
            _make(draft, path.parent.name)
            with closing(_opened(draft, distributions, objective)) as made:
                made.apply(*events)
            wrong = put_in_place(draft, path)
        opened = _opened(path, distributions, objective)
        opened.apply(*events)  # which it has: what it does not hold follows from them
        opened.describe({**about, "epoch values": metric_of(objective)}, objective)
    except (OSError, sqlite3.Error, SQLAlchemyError, StorageInternalError) as error:
        reason = str(error).partition("\n")[0]
        text = f"{path} cannot be written: {reason}; free the disk, then --resume"
        raise TunerError(text) from error
    if wrong and events:
        say(f"{path.name} {wrong}: made anew from the journal.")
    return opened


def _make(path: Path, name: str) -> None:
    """Let Optuna make an empty study, in tables that it alone knows how to make."""
    path.write_bytes(_empty_tables())
    storage = RDBStorage(study_url(path), skip_compatibility_check=True, skip_table_creation=True)
    optuna.create_study(storage=storage, study_name=name, direction="maximize")
    let_go(storage)


@cache
def _empty_tables() -> bytes:
    """The file of a storage without a study.

    It is made in memory and once a process: on a disk each table waits for the disk.
    """
    storage = RDBStorage("sqlite://", skip_compatibility_check=True)
    with storage.engine.connect() as connection:
        made = connection.connection.driver_connection
        assert isinstance(made, sqlite3.Connection)
        tables = made.serialize()
    let_go(storage)
    return tables


def study_url(path: Path) -> str:
    """The file's address, in which a path may have any letters."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _opened(
    path: Path, distributions: Mapping[str, BaseDistribution], objective: str
) -> StudyFile | OptunaCopy:
    """Open a study's file, for our own writing if its tables are known, else for Optuna's."""
    if revision(path) != REVISION:
        storage = RDBStorage(study_url(path))
        return OptunaCopy(storage, distributions, objective, for_people=True)
    parameters = {
        parameter: Parameter(
            distribution=distribution_to_json(each), as_number=each.to_internal_repr
        )
        for parameter, each in distributions.items()
    }
    return StudyFile(
        path, parameters, objective, lambda values: moved_within(values, distributions)
    )
