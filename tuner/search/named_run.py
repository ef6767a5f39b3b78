"""Which run the options name, and which earlier runs it begins with."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.cli.run_option import run_path
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import VARIABLE

if TYPE_CHECKING:
    from tuner.record.events import Event
    from tuner.search.warm_start import EarlierRun
    from tuner.space import Space
    from tuner.storage import Storage


def found_folder(given: argparse.Namespace) -> RunFolder:
    """Return the run's folder, which may be one to be made."""
    return _run_folder(given, _shared(given))


def check_new(given: argparse.Namespace, run_folder: RunFolder, recorded: Iterable[Event]) -> None:
    """Raise TunerError where a search that is to begin with earlier runs has begun."""
    if not given.earlier:
        return
    from tuner.record.events import TrialAsked, WarmStarted  # noqa: PLC0415 - for --help

    if any(isinstance(event, TrialAsked | WarmStarted) for event in recorded):
        raise TunerError(
            f"--from is for a new search: {run_folder} has begun, and what it began with is in its "
            "record. Leave it out, or start another search with --run."
        )


def earlier_of(given: argparse.Namespace, space: Space) -> Sequence[EarlierRun]:
    """Return the runs that the search begins with."""
    if not given.earlier:
        return ()
    from tuner.search.warm_start import earlier_runs  # noqa: PLC0415 - for --help

    paths = {(path := run_path(each)).resolve(): path for each in given.earlier}
    return earlier_runs(list(paths.values()), space.detector)


def _shared(given: argparse.Namespace) -> Storage | None:
    """Return the storage where other machines may keep runs, whose names are taken here too."""
    if given.storage is None and not os.environ.get(VARIABLE):
        return None
    from tuner.durability.storage_choice import named_storage  # noqa: PLC0415 - for --help

    return named_storage(given.storage)


def _run_folder(given: argparse.Namespace, shared: Storage | None) -> RunFolder:
    """Return the folder that --run says, or that follows from the space file's name."""
    from tuner.record.run_names import (  # noqa: PLC0415 - for --help
        check_runs,
        free_name,
        known_name,
        name_stem,
        newest_name,
        which_run,
    )

    runs: Path = given.runs
    if given.name is not None:
        named = run_path(given.name, runs, is_there=lambda path: _goes_on(given, path))
        check_runs(named.parent)
        return RunFolder(named.parent / known_name(named.name, named.parent))
    check_runs(runs)
    if given.space is None and given.resume:
        raise TunerError(which_run(runs))
    if given.space is None:
        raise TunerError(
            "Say what to search: --space search_spaces/quickstart.yaml; "
            "or which run should go on: --resume --run <name>."
        )
    stem, taken = name_stem(given.space), shared.names() if shared else ()
    if given.resume:
        for each in dict.fromkeys((stem, given.space.stem)):  # as earlier versions named it
            existing = newest_name(each, runs, taken, is_run=lambda n: _is_run(runs, n, shared))
            if existing:
                return RunFolder(runs / existing)
    return RunFolder(runs / free_name(stem, runs, taken))


def _goes_on(given: argparse.Namespace, path: Path) -> bool:
    """Whether there is a run that is to go on; a new one of a name alone is made in --runs."""
    return given.resume and RunFolder(path).holds_run()


def _is_run(runs: Path, name: str, shared: Storage | None) -> bool:
    """Whether there is a record to go on with: a start that came to nothing left none."""
    folder = RunFolder(runs / name)
    if folder.holds_run():
        return True
    from tuner.durability.storage_choice import is_kept  # noqa: PLC0415 - for --help

    return shared is not None and is_kept(shared, folder)
