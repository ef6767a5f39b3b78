"""The checkpoints and the best detector of each trial in a storage.

A trial has two places for checkpoints, and writes the one that holds the older state: whatever
happens to the newest, the one before it is there to go on from. A checkpoint is one sealed object;
its label names the configuration, so that a driver can read it without torch, and a trial of
another configuration never goes on from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.storage import Storage, StorageError
from tuner.storage.checksummed import HEAD_BYTES, Damaged, checked_body, label_of, with_checksum

FOLDER = "trials"
BEST = "best"
PLACES = ("checkpoint-0", "checkpoint-1")

Configuration = Mapping[str, float | int | str]
Log = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class CheckpointLabel:
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

    def held(self) -> list[CheckpointLabel]:
        """Return what the labels say, newest first. Raises StorageError."""
        found = (_held(self._storage, self._folder + place) for place in PLACES)
        return sorted((held for held in found if held), key=lambda held: -held.epochs)

    def newest(self, configuration: Configuration, log: Log) -> bytes | None:
        """Return the body of the newest whole checkpoint of this configuration, None without one.

        `log` hears of each that is refused, and why. Raises StorageError where a place cannot be
        read and the other holds none.
        """
        whole: dict[int, bytes] = {}
        unread: StorageError | None = None
        for place in PLACES:
            try:
                data = self._storage.get(self._folder + place)
                label, body = checked_body(data) if data is not None else ({}, b"")
            except StorageError as error:
                log(f"{self._folder}{place} cannot be read: {error}")
                unread = error
                continue
            except Damaged as damage:
                log(f"{self._folder}{place} is refused: {damage}")
                continue
            if label.get("configuration") == configuration:
                whole[label["epochs"]] = body
            elif label:
                log(f"{self._folder}{place} is not used: it is of another configuration")
        if unread is not None and not whole:
            raise unread
        return whole[max(whole)] if whole else None

    def put(self, epochs: int, configuration: Configuration, body: bytes) -> None:
        """Write the state after so many epochs over the one before the last. Raises StorageError.

        A detector's states after even and odd numbers of epochs have a place each.
        """
        label = {"trial": self._number, "epochs": epochs, "configuration": dict(configuration)}
        self._storage.put(self._folder + PLACES[epochs % 2], with_checksum(label, body))

    def put_best(self, files: Mapping[str, bytes]) -> None:
        """Write the detector of the best epoch in the order of `FittedDetector.files`.

        One that is broken off is refused when it is loaded. Raises StorageError.
        """
        for name, data in files.items():
            self._storage.put(f"{self._folder}{BEST}/{name}", data)

    def sweep(self) -> None:
        """Remove what killed writers have left half-written."""
        self._storage.sweep(self._folder)

    def drop_states(self) -> None:
        """Remove what only a resume would need. Raises StorageError."""
        self._storage.sweep(self._folder)
        for place in PLACES:
            self._storage.delete(self._folder + place)

    def drop(self) -> None:
        """Remove all but the log. Raises StorageError."""
        self.drop_states()
        self.drop_best()

    def drop_best(self) -> None:
        """Remove the best detector. Raises StorageError."""
        for key in self._storage.sizes(f"{self._folder}{BEST}/"):
            self._storage.delete(key)


def log_key(number: int) -> str:
    """Return where a trial's log for people is."""
    return f"{FOLDER}/{number}/log.txt"


def is_trained(storage: Storage) -> bool:
    """Whether any trial has left a checkpoint or a detector. Raises StorageError."""
    parts = (key.split("/") for key in storage.sizes(f"{FOLDER}/"))
    return any(each[-1] in PLACES or BEST in each[2:-1] for each in parts)


def held_checkpoints(storage: Storage) -> dict[int, list[CheckpointLabel]]:
    """Return what the checkpoints of every trial say of themselves, newest first.

    Raises StorageError.
    """
    keys = (key.split("/") for key in storage.sizes(f"{FOLDER}/"))
    numbers = {int(parts[1]) for parts in keys if parts[-1] in PLACES}
    return {number: Checkpoints(storage, number).held() for number in sorted(numbers)}


def _held(storage: Storage, key: str) -> CheckpointLabel | None:
    label: dict[str, Any] | None = label_of(storage.get(key, HEAD_BYTES) or b"")
    if label is None:
        return None
    return CheckpointLabel(
        number=label["trial"], epochs=label["epochs"], configuration=label["configuration"]
    )
