"""Consistent copies of a live record in a storage, and a record made from such a copy.

The study is copied by SQLite's own backup, never as a live file, and before the journal: the study
follows from the journal, so a copy's journal may only be ahead of it.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import Storage
from tuner.storage.files import replace_file
from tuner.study.study_file import forget_log

FAILURES = (TunerError, OSError, sqlite3.Error)
"""What a copy may raise; none of them is the search's own."""


class RecordCopies:
    """Keeps the storage's copy of one run's record; used by one thread at a time.

    `current` is the time up to which the storage has everything, None before the first copy.
    """

    def __init__(self, run_folder: RunFolder, storage: Storage) -> None:
        self._folder = run_folder
        self._storage = storage
        self._copied: dict[Path, tuple[int, int]] = {}
        self.current: float | None = None

    def copy(self) -> None:
        """Bring the copy up to date. Raises one of FAILURES and leaves the copy whole."""
        started = time.time()
        for path in (self._folder.space, self._folder.split):
            self._put(path)
        if _state(self._folder.journal) != self._copied.get(self._folder.journal):
            self._storage.put(self._folder.study.name, _study_bytes(self._folder.study))
            self._put_journal()
        self.current = started

    def copy_results(self) -> None:
        """Copy what is computed from the record, and the record itself."""
        self.copy()
        for path in (self._folder.table, self._folder.best, self._folder.curves):
            self._put(path)

    @property
    def behind_s(self) -> float:
        """Seconds since the storage had everything; 0 where nothing has happened since."""
        if _state(self._folder.journal) == self._copied.get(self._folder.journal):
            return 0.0
        return time.time() - (self.current or self._folder.journal.stat().st_ctime)

    def _put(self, path: Path) -> None:
        state = _state(path)
        if state is not None and state != self._copied.get(path):
            self._storage.put(path.name, path.read_bytes())
            self._copied[path] = state

    def _put_journal(self) -> None:
        path = self._folder.journal
        data = whole_lines(path.read_bytes())
        self._storage.put(path.name, data)
        self._copied[path] = (len(data), 0)


def whole_lines(data: bytes) -> bytes:
    """Return the bytes up to the end of the last whole line."""
    return data[: data.rfind(b"\n") + 1]


def _state(path: Path) -> tuple[int, int] | None:
    """Return what tells one content of a file from the next; a journal only grows."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_size, 0 if path.suffix == ".jsonl" else stat.st_mtime_ns)


def _study_bytes(path: Path) -> bytes:
    """Return the study as one transaction sees it, while the driver goes on writing."""
    scratch = path.with_name(f".{path.name}.copy")
    try:
        with (
            closing(sqlite3.connect(path)) as live,
            closing(sqlite3.connect(scratch)) as copy,
        ):
            live.backup(copy)
        return scratch.read_bytes()
    finally:
        scratch.unlink(missing_ok=True)


def fetch_record(storage: Storage, run_folder: RunFolder) -> bool:
    """Bring the storage's copy of a record here where it knows more than this folder does.

    Returns whether it did. The folder must be locked. The journal is written first: all else
    follows from it, should this be cut short. Raises TunerError where both have gone on in
    different ways, or the storage cannot be read.
    """
    copy = storage.get(run_folder.journal.name)
    if copy is None:
        return False
    here = whole_lines(run_folder.journal.read_bytes()) if run_folder.journal.exists() else b""
    if not copy.startswith(here) and not here.startswith(copy):
        raise TunerError(
            f"{run_folder} and its copy at {storage.uri} have gone on in different ways, each from "
            "the same beginning. To go on with the copy, rename the folder; to go on with the "
            "folder, rename the copy."
        )
    newer = len(copy) > len(here)
    if newer:
        study = storage.get(run_folder.study.name)
        replace_file(run_folder.journal, lambda path: path.write_bytes(copy))
        _replace_study(study, run_folder)
    for path in (run_folder.split, run_folder.space):
        stored = storage.get(path.name) if newer or not path.exists() else None
        if stored is not None:
            replace_file(path, lambda draft, data=stored: draft.write_bytes(data))  # type: ignore[misc]
    return newer


def _replace_study(stored: bytes | None, run_folder: RunFolder) -> None:
    """Take the copied study as it is: a resume makes it anew where it is damaged or behind."""
    if stored is not None:
        forget_log(run_folder.study)
        replace_file(run_folder.study, lambda path: path.write_bytes(stored))
