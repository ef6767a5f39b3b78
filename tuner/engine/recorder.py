"""The record of a search while it is written: journal, trials and study, event by event."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress

from tuner.record.events import Event
from tuner.record.history import History
from tuner.record.journal import Journal, read_journal
from tuner.record.run_folder import RunFolder
from tuner.space import Space
from tuner.space.facts import space_facts
from tuner.space.requirements import meets
from tuner.study.study import Study

Clock = Callable[[], float]


class Recorder:
    """Takes each event into the journal first, then into the trials and the study.

    `past` are the events that are there when it is opened, where they have been read already, and
    `failure` says why one could not be written: from then on the record stands still.
    """

    def __init__(
        self, space: Space, folder: RunFolder, past: Sequence[Event] | None = None
    ) -> None:
        self.past = read_journal(folder.journal) if past is None else past
        self._journal = Journal(folder.journal)
        self.history = History(self.past)
        self.failure: str | None = None
        try:
            self.study = study_of(space, folder, self.past)
        except BaseException:
            self._journal.close()
            raise

    def write(self, event: Event) -> bool:
        """Record an event and take it in; False where the disk does not let it."""
        if self.failure is not None:
            return False
        try:
            self._journal.append(event)
            self.history.apply(event)
            self.study.apply(event)
        except (OSError, sqlite3.Error) as error:
            self.failure = f"the record cannot be written: {error}; free the disk, then --resume"
            return False
        return True

    def close(self) -> None:
        """Force the record to the disk itself."""
        with suppress(OSError):  # said already
            self._journal.close()
        self.study.close()


def study_of(space: Space, folder: RunFolder, past: Sequence[Event]) -> Study:
    """The study of a run with its file, as the events so far make it."""
    about = space_facts(space)
    return Study(
        folder.study,
        space.search,
        space.sampler,
        space.objective,
        past,
        about=about,
        meets=meets(space),
    )
