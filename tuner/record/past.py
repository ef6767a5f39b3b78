"""What the journal of a run told when it was read: once for all that a driver asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tuner.record.events import Event
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder


@dataclass(frozen=True)
class Past:
    """All events up to then. Whoever reads on must hold the run, so that no other driver adds."""

    events: Sequence[Event] = ()

    @cached_property
    def history(self) -> History:
        """What follows from them; to be read, not to be brought forward."""
        return History(self.events)


def read_past(run_folder: RunFolder) -> Past:
    """Read a run's journal; of none there are no events. Raises JournalError."""
    return Past(read_journal(run_folder.journal))
