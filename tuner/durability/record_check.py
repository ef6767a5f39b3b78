"""Is a record whole before a search goes on with it? A lost journal is never an empty one."""

from __future__ import annotations

from collections.abc import Iterator

from models.data.split import load_splits, splits_digest
from tuner.cli.command_text import quoted
from tuner.cli.output import say
from tuner.cli.text import counted
from tuner.errors import TunerError
from tuner.record.compatibility import check_space, space_in, space_missing
from tuner.record.history import History
from tuner.record.own_files import is_own_file, read_own
from tuner.record.provenance import Provenance, check_provenance
from tuner.record.run_folder import RunFolder
from tuner.space import dump_space
from tuner.storage import Storage
from tuner.storage.checkpoints import is_trained
from tuner.study.study_file import epochs_told


def check_record(
    run_folder: RunFolder, history: History, storage: Storage, *, mend: bool = True
) -> None:
    """Check the record of a run that is to go on; the storage has its checkpoints.

    A missing space file is made anew, to `mend` the record. Raises TunerError where the journal is
    lost or its end is, or the space is not the one that it was written with.
    """
    if history.started is None:
        _check_empty(run_folder, storage)
        return
    if not is_own_file(run_folder.space):
        if not mend:
            raise space_missing(run_folder)
        dump_space(space_in(history, run_folder), run_folder.space)
        say(f"{run_folder.space.name} was missing: made anew from {run_folder.journal.name}.")
    check_space(history, run_folder)
    check_end(history, run_folder)


def check_beside(history: History, run_folder: RunFolder) -> None:
    """Raise TunerError where what lies beside a journal is not of it, or knows of more."""
    if is_own_file(run_folder.space):
        check_space(history, run_folder)
    check_end(history, run_folder)
    if is_own_file(run_folder.split):
        found = Provenance(split_digest=splits_digest(load_splits(run_folder.split)))
        check_provenance(history.provenance, found, run_folder)


def _check_empty(run_folder: RunFolder, storage: Storage) -> None:
    """Raise TunerError where there is no event, and something tells of trials."""
    if (witness := next(_witnesses(run_folder, storage), None)) is None:
        return
    state = "holds no event" if run_folder.journal.exists() else "is missing"
    raise TunerError(
        f"{run_folder.journal} {state}, but {witness}: the record of this search is lost, and all "
        "trials would be trained anew. Bring the file back from a copy, or start another search "
        "with --run."
    )


def _witnesses(run_folder: RunFolder, storage: Storage) -> Iterator[str]:
    if trials := epochs_told(run_folder.study):
        yield f"{run_folder.study.name} tells of {counted(len(trials), 'trial')}"
    if (rows := (read_own(run_folder.table) or b"").count(b"\n") - 1) > 0:
        yield f"{run_folder.table.name} tells of {counted(rows, 'trial')}"
    if run_folder.best.exists():
        yield f"{run_folder.best.name} is there"
    if is_trained(storage):
        yield "there are checkpoints of trials"


def check_end(history: History, run_folder: RunFolder) -> None:
    """Raise TunerError where the study knows of more than the journal, which is written first."""
    for number, epochs in sorted(epochs_told(run_folder.study).items()):
        trial = history.trials.get(number)
        if trial is None or epochs > trial.epochs:
            known = "no such trial" if trial is None else f"{trial.epochs}"
            raise TunerError(
                f"{run_folder.journal} has lost lines at its end, or {run_folder.study.name} is of "
                f"another run: that tells of trial {number} up to epoch {epochs}, the journal of "
                f"{known}. Bring the right file back from a copy; or go on from what the journal "
                f"holds: rm {quoted(run_folder.study)}"
            )
