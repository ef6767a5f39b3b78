"""A run fetched from its storage, before this machine goes on with it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tuner.cli.output import say
from tuner.durability.record_sync import fetch_record
from tuner.durability.storage_choice import is_kept, record_storage
from tuner.errors import said_of
from tuner.record.run_folder import RunFolder
from tuner.record.storage_name import read_place
from tuner.storage import Storage
from tuner.storage.files import replace_file


def fetch(place: Storage, run_folder: RunFolder) -> bool:
    """Fetch the record of a run where the storage knows more of it than this folder.

    Returns whether it does. The run must be this driver's. Raises TunerError where the two cannot
    be made one.
    """
    if not fetch_record(place.within(run_folder.name), run_folder):
        return False
    run_folder.restored.touch()
    say(f"Fetched the record of {run_folder.name} from {place.uri}.")
    return True


@contextmanager
def at_hand(place: Storage | None, run_folder: RunFolder) -> Iterator[RunFolder]:
    """Give the record without changing anything: where only a storage has it, for the moment."""
    if place is None or run_folder.holds_run() or not is_kept(place, run_folder):
        yield run_folder
        return
    with TemporaryDirectory() as scratch:
        copy = RunFolder(Path(scratch) / run_folder.name)
        copy.path.mkdir()
        kept = place.within(run_folder.name)
        with said_of(kept.uri, copy.path):
            fetch_record(kept, copy)
            yield copy if copy.holds_run() else run_folder


def fetch_best(place: Storage, run_folder: RunFolder) -> None:
    """Fetch what a retrain reads of a run that this machine does not have.

    A record that is here stays as it is: a driver may be at it. With one that is fetched, a resume
    here is to find the storage, or it would go on apart from the copy.
    """
    storage = place.within(run_folder.name)
    fetched = not run_folder.journal.exists() and fetch(place, run_folder)
    if fetched and read_place(run_folder) is None:
        record_storage(run_folder, place)
    for path in (run_folder.best, run_folder.space, run_folder.split):
        data = None if path.exists() else storage.get(path.name)
        if data is not None:
            replace_file(path, lambda draft, data=data: draft.write_bytes(data))  # type: ignore[misc]


def keep_retrained(place: Storage, run_folder: RunFolder) -> None:
    """Put the report and the model of a retrain into the storage, and those of each class.

    And the choice among candidates that it came from, if there was one.
    """
    storage = place.within(run_folder.name)
    for folder in (run_folder.model, run_folder.report, run_folder.classes):
        for file in sorted(folder.rglob("*")):
            _keep(storage, run_folder, file)
    for folder in (run_folder.model, run_folder.report):
        for key in storage.sizes(f"{folder.name}/"):
            if folder.is_dir() and not (run_folder.path / key).exists():
                storage.delete(key)  # of the retrain that this one has replaced
    _keep(storage, run_folder, run_folder.candidates)


def _keep(storage: Storage, run_folder: RunFolder, file: Path) -> None:
    with suppress(FileNotFoundError):
        if file.is_file():
            key = file.relative_to(run_folder.path).as_posix()
            storage.put(key, file.read_bytes())
