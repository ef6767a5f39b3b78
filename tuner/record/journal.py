"""The search's own diary, `events.jsonl`: one event a line, never changed once written.

A line is `<length> <crc32> <json>`: length in bytes of the JSON and its checksum in hexadecimal.
A driver that is killed in mid-write leaves a torn last line; reading stops there and opening for
writing cuts it off. A damaged line before the last is an error: nothing is skipped in silence.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tuner.errors import TunerError
from tuner.record.events import Event, decode, encode

SYNC_S = 2.0
"""Seconds between two forced writes: one takes 2 to 5 ms, which is under 0.1 ms a trial then."""


class JournalError(TunerError):
    """The journal is damaged before its last line."""


class Journal:
    """Append-only access to one journal; its writer is the only one (the run folder is locked)."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._synced = clock()
        whole_bytes = sum(size for _, size in _read(path)) if path.exists() else 0
        self._file: BinaryIO = path.open("ab")
        self._file.truncate(whole_bytes)

    def append(self, event: Event) -> None:
        """Hand `event` to the operating system whole: it outlives a kill of this process.

        Every few seconds all is forced to the disk, so that a power cut costs no more than that.
        """
        self._file.write(_line(event))
        self._file.flush()
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

    Raises JournalError where a line before the last does not match its length or checksum, or one
    holds no event.
    """
    events = []
    for number, written in enumerate(read_lines(path), start=1):
        try:
            events.append(decode(written))
        except ValueError as error:
            raise JournalError(
                f"{path} holds at line {number} what this version does not write: {error}."
            ) from error
    return events


def read_lines(path: Path) -> list[Mapping[str, Any]]:
    """What each whole line holds, as it is written; none if there is no such file.

    Raises JournalError where a line before the last does not match its length or checksum.
    """
    return [written for written, _ in _read(path)] if path.exists() else []


def _line(event: Event) -> bytes:
    body = json.dumps(encode(event), separators=(",", ":"), allow_nan=False).encode()
    return b"%d %08x %s\n" % (len(body), zlib.crc32(body), body)


def _read(path: Path) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield what each whole line holds, with the line's size in bytes."""
    with path.open("rb") as file:
        lines = file.readlines()
    for number, line in enumerate(lines, start=1):
        written = _body(line)
        if written is not None:
            yield written, len(line)
        elif number == len(lines):
            return
        else:
            raise JournalError(
                f"{path} is damaged at line {number} of {len(lines)}: its length or checksum is "
                f"wrong. Restore the file from a copy, or cut it before that line to lose what "
                f"came after."
            )


def _body(line: bytes) -> Mapping[str, Any] | None:
    """What `line` holds, or None if the line is not whole."""
    length, _, rest = line.partition(b" ")
    checksum, _, body = rest.partition(b" ")
    body_bytes = body.removesuffix(b"\n")
    whole = (
        body.endswith(b"\n")
        and length == b"%d" % len(body_bytes)
        and checksum == b"%08x" % zlib.crc32(body_bytes)
    )
    if not whole:
        return None
    written: Mapping[str, Any] = json.loads(body_bytes)
    return written
