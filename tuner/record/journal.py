"""The search's own diary, `events.jsonl`: one event a line, never changed once written.

Lines are numbered and chained (`record.hash_chain`). A driver that is killed in mid-write leaves a
torn last line; reading stops there and opening for writing cuts it off. Any other damage is an
error that names the line: nothing is skipped in silence.
"""

import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tuner.cli.command_text import quoted
from tuner.errors import TunerError
from tuner.record.event_order import Order
from tuner.record.events import Event, decode, encode
from tuner.record.hash_chain import Chain, ChainError
from tuner.record.own_files import open_own, read_own

SYNC_S = 2.0
"""Seconds between two forced writes: one takes 2 to 5 ms, which is under 0.1 ms a trial then."""


class JournalError(TunerError):
    """The journal is not as it was written; the text names the line and says what to do."""


class Journal:
    """Append-only access to one journal; its writer is the only one (the run folder is locked)."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._synced = clock()
        self._chain = Chain()
        lines = _lines(path)
        whole = sum(1 for _ in _bodies(path, lines, self._chain))
        self._file: BinaryIO = os.fdopen(open_own(path, os.O_RDWR | os.O_APPEND), "ab")
        self._file.truncate(sum(map(len, lines[:whole])))

    def append(self, event: Event) -> None:
        """Hand `event` to the operating system whole: it outlives a kill of this process.

        Every few seconds all is forced to the disk, so that a power cut costs no more than that.
        """
        body = json.dumps(encode(event), separators=(",", ":"), allow_nan=False).encode()
        self._file.write(self._chain.line(body))
        self._file.flush()
        self._chain.step(body)
        if self._clock() - self._synced >= SYNC_S:
            self._sync()

    def close(self) -> None:
        """Force everything to the disk itself, so that it outlives the machine's power too."""
        self._sync()
        self._file.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = self._clock()


def read_journal(path: Path) -> list[Event]:
    """All whole events of the journal at `path`, oldest first; none if there is no such file.

    Raises JournalError, naming the line, where one is missing, doubled, out of its place or
    altered, or holds no event that can come there.
    """
    events, order = [], Order()
    lines = read_lines(path)
    for number, written in enumerate(lines, start=1):
        try:
            event = decode(written)
            order.take(event)
        except ValueError as error:
            raise JournalError(_damaged(path, number, len(lines), str(error))) from error
        events.append(event)
    return events


def read_lines(path: Path) -> list[Mapping[str, Any]]:
    """What each whole line holds, as it is written; none if there is no such file.

    Raises JournalError where one is missing, doubled, out of its place or altered.
    """
    lines = _lines(path)
    return [
        _read(body, path, number, len(lines))
        for number, body in enumerate(_bodies(path, lines, Chain()), start=1)
    ]


def _lines(path: Path) -> list[bytes]:
    return io.BytesIO(read_own(path) or b"").readlines()


def _bodies(path: Path, lines: list[bytes], chain: Chain) -> Iterator[bytes]:
    try:
        yield from chain.read(lines)
    except ChainError as error:
        raise JournalError(_damaged(path, error.line, len(lines), str(error))) from error


def _read(body: bytes, path: Path, line: int, lines: int) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise JournalError(_damaged(path, line, lines, f"it is not JSON: {error}")) from error
    return read


def _damaged(path: Path, line: int, lines: int, why: str) -> str:
    """What to say of a line, and how to go on without it and those behind it."""
    text = f"{path} is damaged at line {line} of {lines}: {why}. Bring the file back from a copy"
    if line == 1:
        return f"{text}, or start another search."
    keep = f"head -n {line - 1} {path.name} > kept && mv kept {path.name} && rm -f study.db"
    return (
        f"{text}; or lose what came after the line before it:\n"
        f"  (cd {quoted(path.parent)} && {keep})"
    )
