"""The checkpoints and the best detector of each trial in a storage.

A checkpoint is one sealed object, `trials/<number>/checkpoint-<epochs>`. The one before it is
removed only when the new one is there in full, so that there is always a whole one to go on from.
Its label names the configuration, so that a driver can read it without torch, and a trial of
another configuration never goes on from it. Whoever reads falls back to the one before.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.sealed import HEAD_BYTES, Damaged, label_of, seal, unseal
from tuner.storage import Storage, StorageError

FOLDER = "trials"
BEST = "best"
SUMS = "sums.json"
_NAME = re.compile(rf"{FOLDER}/(\d+)/checkpoint-(\d+)")

Configuration = Mapping[str, float | int | str]
Log = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a checkpoint's label says of it, without its contents: `epochs` rows of a trial."""

    number: int
    epochs: int
    configuration: Configuration


class Checkpoints:
    """The training states and the best detector of one trial."""

    def __init__(self, storage: Storage, number: int) -> None:
        self._storage = storage
        self._number = number
        self._folder = f"{FOLDER}/{number}/"

    def newest(self, configuration: Configuration, log: Log) -> bytes | None:
        """Return the body of the newest whole checkpoint of this configuration, None without one.

        `log` hears of each that is refused, and why. Raises StorageError.
        """
        for key in reversed(self._keys()):
            try:
                label, body = unseal(self._storage.get(key) or b"")
            except Damaged as damage:
                log(f"{key} is refused, {damage}: going on from what was before it")
                continue
            if label["configuration"] == configuration:
                return body
            log(f"{key} is not used: it is of another configuration")
        return None

    def put(self, epochs: int, configuration: Configuration, body: bytes) -> None:
        """Write the state after so many epochs; then the older ones may go. Raises StorageError."""
        label = {"trial": self._number, "epochs": epochs, "configuration": dict(configuration)}
        data = seal(label, body)
        new = f"{self._folder}checkpoint-{epochs:06d}"
        self._storage.put(new, data)
        there = self._storage.sizes(self._folder)
        if there.get(new) != len(data):
            raise StorageError(f"The storage {self._storage.uri} does not hold all of {new}")
        for key in there:
            if _NAME.fullmatch(key) and key != new:
                self._storage.delete(key)

    def put_best(self, files: Mapping[str, bytes]) -> None:
        """Write the detector of the best epoch, and last the sums by which it is checked."""
        for name, data in files.items():
            self._storage.put(f"{self._folder}{BEST}/{name}", data)
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        self._storage.put(f"{self._folder}{BEST}/{SUMS}", json.dumps(sums, indent=2).encode())

    def best(self) -> dict[str, bytes] | None:
        """Return the files of the best detector; None where they are not there in full."""
        prefix = f"{self._folder}{BEST}/"
        sums: dict[str, str] = json.loads(self._storage.get(f"{prefix}{SUMS}") or b"{}")
        files = {name: self._storage.get(f"{prefix}{name}") or b"" for name in sums}
        whole = all(hashlib.sha256(files[name]).hexdigest() == sums[name] for name in sums)
        return files if sums and whole else None

    def drop_states(self) -> None:
        """Remove what only a resume would need. Raises StorageError."""
        self._storage.sweep(self._folder)
        for key in self._keys():
            self._storage.delete(key)

    def drop_best(self) -> None:
        """Remove the best detector, its sums first. Raises StorageError."""
        prefix = f"{self._folder}{BEST}/"
        self._storage.delete(f"{prefix}{SUMS}")
        for key in self._storage.sizes(prefix):
            self._storage.delete(key)

    def best_bytes(self) -> int:
        """Bytes that the best detector takes."""
        return sum(self._storage.sizes(f"{self._folder}{BEST}/").values())

    def _keys(self) -> list[str]:
        return sorted(key for key in self._storage.sizes(self._folder) if _NAME.fullmatch(key))


def held_checkpoints(storage: Storage) -> dict[int, Held]:
    """Return what the newest checkpoint of every trial says of itself. Raises StorageError."""
    held: dict[int, Held] = {}
    for key in sorted(storage.sizes(f"{FOLDER}/")):
        if _NAME.fullmatch(key) is None:
            continue
        label: dict[str, Any] | None = label_of(storage.get(key, HEAD_BYTES) or b"")
        if label is not None:
            held[label["trial"]] = Held(
                number=label["trial"],
                epochs=label["epochs"],
                configuration=label["configuration"],
            )
    return held
