"""What a storage is, whatever lies behind it.

Keys are relative paths with `/`. Whatever `put` has returned from is there whole; what it raises
from has left the key as it was. Credentials come from the environment of each process, in the way
that AWS's own tools find them, and are never part of a storage's name.
"""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod

from tuner.errors import TunerError


class StorageError(TunerError):
    """The storage did not do what was asked; the text says which storage and why."""


class Storage(ABC):
    """A place for objects under keys; may be sent to other processes and machines.

    One that is `durable` has the object for good when `put` returns, which may take long.
    """

    durable: bool = True

    @property
    @abstractmethod
    def uri(self) -> str:
        """The name by which `open_storage` finds it again."""

    @abstractmethod
    def within(self, name: str) -> Storage:
        """Return the part of it below a name."""

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Write an object whole; raises StorageError, and leaves the key as it was."""

    @abstractmethod
    def get(self, key: str, limit: int | None = None) -> bytes | None:
        """Return an object, or its first `limit` bytes; None where there is none."""

    @abstractmethod
    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Return all keys below a prefix that ends at a `/`, each with its size in bytes."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names for `within` that hold something."""

    @abstractmethod
    def modified(self, key: str) -> float | None:
        """Return when an object was written, in seconds by the storage's own clock."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""

    def append(self, key: str, data: bytes) -> None:
        """Add to the end of a small object that has one writer."""
        self.put(key, (self.get(key) or b"") + data)

    def sweep(self, prefix: str) -> None:  # noqa: B027 - most storages leave nothing behind
        """Remove what killed writers have left half-written below a prefix."""

    def try_out(self) -> None:
        """Do as `check` does, and leave nothing behind."""
        self.check()

    def check(self) -> None:
        """Write, read and delete a small object; raises StorageError saying what is wrong."""
        key = f".check/{socket.gethostname()}-{os.getpid()}"
        self.put(key, b"tuner")
        found = self.get(key)
        self.delete(key)
        if found != b"tuner":
            raise StorageError(f"{self.uri} does not give back what was written to it")
