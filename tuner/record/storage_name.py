"""`storage.txt`: the name of the storage that a run's copies and checkpoints go to."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.errors import TunerError
from tuner.record.own_files import read_own
from tuner.record.run_folder import RunFolder
from tuner.storage import NONE
from tuner.storage.files import replace_file


@dataclass(frozen=True, kw_only=True)
class Place:
    """A storage's name, or `none`, and the run's folder when it was written down.

    Earlier versions did not write the folder. One that has `moved` since may be somebody else's.
    """

    name: str
    folder: str
    moved: bool


def read_place(run_folder: RunFolder) -> Place | None:
    """What is recorded, None where nothing is. Raises TunerError for a file that is damaged."""
    data = read_own(run_folder.storage)
    if data is None:
        return None
    name, end, folder = data.decode(errors="surrogateescape").partition("\n")
    if not end or not _is_place(name):
        raise TunerError(
            f"{run_folder.storage} is damaged: it names no storage. Say where copies and "
            f"checkpoints go with --storage, or --storage {NONE} to keep them here."
        )
    folder = folder.removesuffix("\n")
    return Place(name=name, folder=folder, moved=bool(folder) and not _is_at(run_folder, folder))


def write_place(run_folder: RunFolder, name: str) -> None:
    """Write a storage's name down."""
    text = f"{name}\n{run_folder.path.absolute()}\n".encode(errors="surrogateescape")
    replace_file(run_folder.storage, lambda path: path.write_bytes(text))


def place_name(run_folder: RunFolder) -> str:
    """The name of the storage that a run has, `none` where it has none."""
    recorded = read_place(run_folder)
    return NONE if recorded is None else recorded.name


def _is_place(name: str) -> bool:
    """Whether it is what is written: a whole path, or a name with a scheme."""
    return name.isprintable() and (name == NONE or name.startswith("/") or "://" in name)


def _is_at(run_folder: RunFolder, folder: str) -> bool:
    try:
        return run_folder.path.samefile(folder)
    except (OSError, ValueError):
        return False
