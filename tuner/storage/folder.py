"""A folder as a storage: of this machine, or one that all machines mount.

Not by pyarrow's LocalFileSystem: it writes in place, so that a reader sees half an object, and its
files have no number to force to the disk.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tuner.storage.base import Storage, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM)
_TRIES = 10


@dataclass(frozen=True, kw_only=True)
class FolderStorage(Storage):
    """A folder below `base`, which must be there on every machine that writes.

    `durable` also waits for the disk, so that a power cut takes nothing back.
    """

    root: Path
    base: Path
    durable: bool = True

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self.root)

    def within(self, name: str) -> FolderStorage:
        """Return the folder of that name in it."""
        return replace(self, root=self.root / name)

    def check(self) -> None:
        """Make the folder first where only the last step of its path is missing."""
        if self.base.parent.is_dir():
            with suppress(OSError):
                self.base.mkdir(exist_ok=True)
        super().check()

    def try_out(self) -> None:
        """Remove the folder again where it was not there."""
        missing = not self.base.is_dir()
        self.check()
        if missing:
            with suppress(OSError):
                self.base.rmdir()

    def put(self, key: str, data: bytes) -> None:
        """Write beside, then rename."""
        path = self._path(key)
        try:
            self._put(path, data)
        except OSError as error:
            raise StorageError(self._reason(error, "written")) from error

    def append(self, key: str, data: bytes) -> None:
        """Write at the end of the file."""
        path = self._path(key)
        try:
            self._make_folder(path.parent)
            with path.open("ab") as file:
                file.write(data)
        except OSError as error:
            raise StorageError(self._reason(error, "written")) from error

    def get(self, key: str, limit: int | None = None) -> bytes | None:
        """Read the file."""
        path = self._path(key)
        try:
            with suppress(FileNotFoundError), path.open("rb") as file:
                return file.read() if limit is None else file.read(limit)
            self._check_base()
        except OSError as error:
            raise StorageError(self._reason(error, "read")) from error
        return None

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Walk the folder; files whose names begin with a dot are not whole yet."""
        found: dict[str, int] = {}
        try:
            for folder, _, names in os.walk(self._path(prefix), onerror=_unless_gone):
                for file in (Path(folder) / name for name in names if not name.startswith(".")):
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        found[file.relative_to(self.root).as_posix()] = file.stat().st_size
        except OSError as error:
            raise StorageError(self._reason(error, "read")) from error
        return found

    def names(self) -> list[str]:
        """Return the folders in it."""
        try:
            return sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(self._reason(error, "read")) from error

    def modified(self, key: str) -> float | None:
        """Return the file's time, which a file server sets by its own clock."""
        try:
            return self._path(key).stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(self._reason(error, "read")) from error

    def delete(self, key: str) -> None:
        """Remove the file, and its folder below the base where that was the last in it."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(self._reason(error, "written")) from error
        if path.parent != self.base:
            with suppress(OSError):
                path.parent.rmdir()

    def sweep(self, prefix: str) -> None:
        """Remove files that were never renamed to their place."""
        with suppress(OSError):
            for file in self._path(prefix).rglob(".*.part"):
                file.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if key.startswith("/") or ".." in key.split("/"):
            raise ValueError(f"a key is a relative path without ..; got {key!r}")
        return self.root / key

    def _put(self, path: Path, data: bytes) -> None:
        """Try again where others have deleted the last object of its folder, and so the folder."""
        for left in reversed(range(_TRIES)):
            self._make_folder(path.parent)
            try:
                return _write_whole(path, data, self.durable)
            except FileNotFoundError:
                if not left:
                    raise

    def _make_folder(self, folder: Path) -> None:
        """Make what is missing below the base."""
        self._check_base()
        folder.mkdir(parents=True, exist_ok=True)

    def _check_base(self) -> None:
        """Where the base is missing, a mount is."""
        if not self.base.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.base))

    def _reason(self, error: OSError, done: str) -> str:
        return f"The storage {self.root} cannot be {done}: {_words(error)}"


def _write_whole(path: Path, data: bytes, durable: bool) -> None:
    writer = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    temporary = path.with_name(f".{path.name}.{writer}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if temporary.stat().st_size != len(data):
            raise OSError(errno.EIO, "the file system did not keep all that was written")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        _settle(path.parent)


def _settle(folder: Path) -> None:
    """Put the rename itself on the disk; a file system that cannot is content without."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _words(error: OSError) -> str:
    if error.errno in _FULL:
        return "it is full; make room there, or name another with --storage"
    if error.errno == errno.EROFS:
        return "it is read-only; mount it for writing, or name another with --storage"
    if error.errno in _DENIED:
        return f"this user has no permission to ({error.filename})"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"there is no folder {error.filename}; is it mounted on this machine?"
    return error.strerror or str(error)
