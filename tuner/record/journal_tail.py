"""A journal that another process writes: what has come since the last look."""

import io
import json
import os
from pathlib import Path

from tuner.record.event_order import Order
from tuner.record.events import Event, decode
from tuner.record.hash_chain import Chain
from tuner.record.journal import JournalError, read_journal
from tuner.record.own_files import is_own_file


class JournalTail:
    """Reads on from where it stood; a line that is half written is left for the next time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes_read = 0
        self._chain, self._order = Chain(), Order()

    def new_events(self) -> list[Event]:
        """The events that have come, oldest first; none while there is no such file.

        Raises JournalError, naming the line, where one is not as it was written, or the journal has
        become shorter.
        """
        data = self._new_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        events = []
        try:
            for body in self._chain.read(io.BytesIO(whole).readlines()):
                event = decode(json.loads(body))
                self._order.take(event)
                events.append(event)
        except (ValueError, RecursionError) as error:
            read_journal(self._path)  # says which line of all it is, and what to do
            raise JournalError(f"{self._path} was changed while it was read: {error}") from error
        self._bytes_read += len(whole)
        return events

    def _new_bytes(self) -> bytes:
        if not is_own_file(self._path):
            return b""
        with self._path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < self._bytes_read:
                raise JournalError(f"{self._path} has become shorter: it is another record now")
            file.seek(self._bytes_read)
            return file.read()
