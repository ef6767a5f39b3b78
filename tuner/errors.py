"""Errors that people are meant to read: a short message, no traceback, exit code 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

KeyPath = tuple[str | int, ...]


class TunerError(Exception):
    """Something the user can put right; its text says what and how."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback, whose lines of ours say nothing."""
        return [f"{type(self).__name__}: {self}"]


@contextmanager
def said_of(place: str, copy: Path) -> Iterator[None]:
    """Say what is wrong with a copy of the place that it was made of: the copy is gone by then."""
    try:
        yield
    except TunerError as error:
        error.args = (str(error).replace(str(copy), place),)
        raise


class OutOfTime(TunerError):  # noqa: N818 - it says what happened
    """A time budget is used up, and nothing has come of it."""

    exit_code = 3


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a space: the keys that lead to it, and a sentence about it.

    The sentence says what is wrong, what was given and what is allowed. `origin`
    is `file:line` or the option that set the value, where that is known. Of what is `unread`
    nothing more can be said: it has no value.
    """

    path: KeyPath
    text: str
    origin: str = ""
    unread: bool = False

    def __str__(self) -> str:
        key = ".".join(str(part) for part in self.path)
        parts = ((self.origin, 300), (key, 100), (self.text, 1200))
        return ": ".join(_one_line(part, most) for part, most in parts if part)


_MOST_LINES = 20


def _one_line(text: str, most: int) -> str:
    """A text as part of a line: what cannot be printed is escaped, the middle of a long one cut."""
    if len(text) > most:
        text = f"{text[: most // 2]}...{text[-most // 4 :]}"
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _lines(problems: Sequence[Problem]) -> list[str]:
    """A line of each problem; of very many the first."""
    if len(problems) <= _MOST_LINES:
        return list(map(str, problems))
    shown = problems[: _MOST_LINES - 1]
    return [*map(str, shown), f"and {len(problems) - len(shown):,} more problems"]


class SpaceError(TunerError):
    """A space that cannot be searched, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(_lines(self.problems)))

    def with_origins(self, typed: Mapping[str, str]) -> SpaceError:
        """Return the same problems, with other words for some of their origins."""
        return SpaceError(
            [replace(one, origin=typed.get(one.origin, one.origin)) for one in self.problems]
        )
