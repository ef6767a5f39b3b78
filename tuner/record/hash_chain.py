"""The lines of a journal: each holds its number, and a digest that chains it to the one before.

A line is `<number> <length> <digest> <json>`: the length in bytes of the JSON, and the first 16
hexadecimal digits of the SHA-256 of the digest of the line before and the JSON. Earlier versions
wrote `<length> <crc32> <json>`. Such a line has the digest that it would have, unwritten, so that
the first line with one proves all before it too.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256

_LINE = re.compile(rb"([1-9]\d{0,17}) (\d+) ([0-9a-f]{16}) (\{.*\})\n")
_EARLIER_LINE = re.compile(rb"(\d+) ([0-9a-f]{8}) (\{.*\})\n")
_DIGITS = 16


class ChainError(ValueError):
    """A line is not the one that was written there; `line` is its number, from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Chain:
    """Stands behind so many lines, and knows the next one."""

    def __init__(self) -> None:
        self._lines = 0
        self._digest = b""
        self._begun = False

    def line(self, body: bytes) -> bytes:
        """The next line; `step` stands behind it, once it is written."""
        return b"%d %d %s %s\n" % (self._lines + 1, len(body), self._next(body), body)

    def step(self, body: bytes, *, chained: bool = True) -> None:
        """Stand behind the next line."""
        self._digest = self._next(body)
        self._lines += 1
        self._begun |= chained

    def read(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        """Yield the JSON of each line, and stand behind it.

        A last line without its end is left out: a kill in mid-write leaves one. Raises ChainError
        for the first line that is missing, doubled, out of its place or altered.
        """
        for line in lines:
            if self._lines + 1 == len(lines) and not line.endswith(b"\n"):
                return
            yield self._take(line, lines)

    def _take(self, line: bytes, lines: Sequence[bytes]) -> bytes:
        place = self._lines + 1
        if found := _LINE.fullmatch(line):
            number, length, digest, body = found.groups()
            if int(number) != place:
                raise ChainError(place, _out_of_place(place, int(number), lines))
            if length != b"%d" % len(body) or digest != self._next(body):
                raise ChainError(place, _altered(place))
            self.step(body)
            return body
        if not (found := _EARLIER_LINE.fullmatch(line)) or not _is_whole(*found.groups()):
            raise ChainError(place, "its length or checksum is wrong")
        if self._begun:
            raise ChainError(place, "it is of an earlier version, and those before it are not")
        self.step(found[3], chained=False)
        return found[3]

    def _next(self, body: bytes) -> bytes:
        return sha256(self._digest + body).hexdigest()[:_DIGITS].encode()


def _is_whole(length: bytes, checksum: bytes, body: bytes) -> bool:
    return length == b"%d" % len(body) and checksum == b"%08x" % zlib.crc32(body)


def _altered(place: int) -> str:
    if place == 1:
        return "it was altered"
    return f"it was altered, or line {place - 1} before it"


def _out_of_place(place: int, number: int, lines: Sequence[bytes]) -> str:
    if number == place - 1:
        return f"it is line {number} once more"
    if number < place:
        return f"it is line {number} once more, which stands above"
    if any(line.startswith(b"%d " % place) for line in lines[place:]):
        return f"it is line {number}, and line {place} stands further down"
    missing = f"line {place} is" if number == place + 1 else f"lines {place} to {number - 1} are"
    return f"it is line {number}: {missing} missing"
