"""What a resume on another machine gets back, and what is lost: said, and written to the record.

The record's copy may be some seconds old. Checkpoints carry the rows of their trial, so a trial
that the copy knows comes back in full. One that the copy does not know comes back if the sampler,
which only knows the copy, suggests the same hyperparameters for its number again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from tuner.cli.text import counted
from tuner.record.events import EpochsLost, Event, RecordRestored
from tuner.record.trials import SearchListener, TrialView
from tuner.storage import Storage, StorageError
from tuner.storage.checkpoints import CheckpointLabel, Checkpoints, held_checkpoints

Note = Callable[[Event], object]


class Recovery(SearchListener):
    """Listens until every checkpoint that the copy does not know of has been used or lost."""

    def __init__(self, storage: Storage, *, note: Note, say: Callable[[str], object]) -> None:
        self._storage = storage
        self._note = note
        self._say = say
        self._unknown: dict[int, CheckpointLabel] = {}
        self.lost_epochs = 0

    def begin(self, trials: Sequence[TrialView], copied: float | None) -> None:
        """Report what comes back. Raises StorageError."""
        held = held_checkpoints(self._storage)
        regained = {
            trial.number: epochs - trial.epochs
            for trial in trials
            if not trial.ended
            and (epochs := _epochs(held.pop(trial.number, []), trial)) > trial.epochs
        }
        known = {trial.number for trial in trials}
        self._unknown = {n: found[0] for n, found in held.items() if found and n not in known}
        unknown = {str(number): found.epochs for number, found in self._unknown.items()}
        self._note(
            RecordRestored(
                time=time.time(),
                copied=copied,
                epochs_from_checkpoints=sum(regained.values()),
                epochs_of_unknown_trials=unknown,
            )
        )
        for line in _report(copied, regained, unknown):
            self._say(line)

    def summary(self) -> str:
        """What the loss of the other machine has cost, as far as it is known by now."""
        open_epochs = sum(held.epochs for held in self._unknown.values())
        left = counted(open_epochs, "epoch")
        still = f"; {left} of trials not asked for yet" if open_epochs else ""
        return f"Lost with the other machine: {counted(self.lost_epochs, 'epoch')}{still}."

    def trial_started(self, trial: TrialView, attempt: int) -> None:
        """See whether a trial that the copy does not know is what its checkpoint is of."""
        held = self._unknown.pop(trial.number, None)
        if held is None or _fits(held, trial):
            return
        self.lost_epochs += held.epochs
        self._note(EpochsLost(time=time.time(), trial=trial.number, epochs=held.epochs))
        self._say(
            f"Trial {trial.number} has other hyperparameters now than before the loss: "
            f"{counted(held.epochs, 'epoch')} lost."
        )
        checkpoints = Checkpoints(self._storage, trial.number)
        with suppress(StorageError):  # only tidying: another configuration's state is never used
            checkpoints.drop_states()
            checkpoints.drop_best()


def _epochs(held: Sequence[CheckpointLabel], trial: TrialView) -> int:
    return max((each.epochs for each in held if _fits(each, trial)), default=0)


def _fits(held: CheckpointLabel, trial: TrialView) -> bool:
    configuration: dict[str, Any] = dict(held.configuration)
    configuration.pop("seed", None)
    return configuration == dict(trial.hyperparameters)


def _report(
    copied: float | None, regained: dict[int, int], unknown: dict[str, int]
) -> Sequence[str]:
    when = datetime.fromtimestamp(copied).strftime("%Y-%m-%d %H:%M:%S") if copied else "no time"
    lines = [
        f"The record is the storage's copy, up to {when}. Checkpoints bring back "
        f"{counted(sum(regained.values()), 'epoch')} of {len(regained)} trials that it does not "
        "have."
    ]
    if unknown:
        lines.append(
            f"Checkpoints also hold {counted(sum(unknown.values()), 'epoch')} of {len(unknown)} "
            "trials that the copy does not know; they count where the same hyperparameters are "
            "suggested again, and are lost elsewhere."
        )
    else:
        lines.append("No epoch is lost, as far as the checkpoints tell.")
    return lines
