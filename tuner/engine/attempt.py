"""What driver and worker hand each other: an attempt at a trial, and reports of how it goes."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from models.hyperparameters import Value
from tuner.record.trials import EpochRow


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """All that a worker needs to know to train a trial, or to go on with it."""

    number: int
    attempt: int
    hyperparameters: Mapping[str, Value]
    seed: int
    recorded_epochs: int

    def __deepcopy__(self, _memo: object) -> Self:
        """Itself, since nothing changes it: Tune copies what it hands on six times."""
        return self


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a worker says: an epoch's row, or why there will be no further one.

    `notice` is for the user: something that does not end the trial, such as a full storage.
    `warning` too, of the process that trains, whatever trial it reports. `lacks_best` says that
    the best detector so far is not on disk.
    """

    outcome: Literal["epoch", "diverged", "error"]
    row: EpochRow | None = None
    reason: str = ""
    notice: str = ""
    warning: str = ""
    lacks_best: bool = False


class WorkerLostError(RuntimeError):
    """The process that trains this attempt cannot go on; the message says in a line why."""


class OutOfReachError(RuntimeError):
    """A machine does not reach what an attempt starts from; the message names it and says why."""


class AttemptGivenUpError(RuntimeError):
    """Somebody asked for an attempt that has ended, or that another at its trial replaces."""


def worker_name() -> str:
    """This process's name in rows and logs."""
    return f"{socket.gethostname()}/{os.getpid()}"
