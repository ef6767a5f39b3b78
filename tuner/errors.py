"""Errors that people are meant to read: a short message, no traceback, exit code 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

KeyPath = tuple[str | int, ...]


class TunerError(Exception):
    """Something the user can put right; its text says what and how."""


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
        return ": ".join(part for part in (self.origin, key, self.text) if part)


class SpaceError(TunerError):
    """A space that cannot be searched, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def with_origins(self, typed: Mapping[str, str]) -> SpaceError:
        """Return the same problems, with other words for some of their origins."""
        return SpaceError(
            [replace(one, origin=typed.get(one.origin, one.origin)) for one in self.problems]
        )
