"""Which storage a run has: the one that is given, the one it is recorded with, or the cluster's."""

from __future__ import annotations

import os

from tuner.cli.command_text import quoted
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.record.storage_name import read_place, write_place
from tuner.storage import NONE, VARIABLE, Storage, open_storage


def named_storage(given: str | None) -> Storage | None:
    """Return the storage of `--storage`, else of $TUNER_STORAGE; None for neither, or `none`."""
    place = (os.environ.get(VARIABLE) or NONE) if given is None else given
    return None if place == NONE else open_storage(place)


def storage_of(run_folder: RunFolder, given: str | None) -> Storage | None:
    """Return the storage that a run uses: what is recorded goes before $TUNER_STORAGE.

    A start that came to nothing left a name, but no run that would lie there. Raises TunerError
    where the recorded one cannot be read, or the folder has come from elsewhere: nothing is sent
    where nobody here has asked for it.
    """
    recorded = read_place(run_folder) if given is None and run_folder.holds_run() else None
    if recorded is not None and recorded.moved and recorded.name != NONE:
        raise TunerError(
            f"{run_folder.storage} names the storage {recorded.name}, and was written in another "
            f"folder ({recorded.folder}). Say where copies and checkpoints go: "
            f"--storage {quoted(recorded.name)}, or --storage {NONE} to keep them here."
        )
    return named_storage(given if recorded is None else recorded.name)


def record_storage(run_folder: RunFolder, storage: Storage | None) -> None:
    """Let a resume find the storage, or that there is none, without being told.

    Credentials are no part of a storage's name.
    """
    write_place(run_folder, NONE if storage is None else storage.uri)


def is_kept(storage: Storage, run_folder: RunFolder) -> bool:
    """Whether the storage has a record of this name."""
    return storage.within(run_folder.name).modified(run_folder.journal.name) is not None


def check_free(storage: Storage, run_folder: RunFolder) -> None:
    """Raise TunerError where the storage holds another run of this name."""
    if is_kept(storage, run_folder):
        raise TunerError(
            f"{storage.uri} holds a run named {run_folder.name}, and it is never overwritten: "
            "go on with it by --resume, or start another search with --run."
        )
