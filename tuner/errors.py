"""Errors that people are meant to read: a short message, no traceback, exit code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]


class TunerError(Exception):
    """Something the user can put right; its text says what and how."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a space: the keys that lead to it, and a sentence about it.

    The sentence says what is wrong, what was given and what is allowed. `origin`
    is `file:line` or the option that set the value, where that is known.
    """

    path: KeyPath
    text: str
    origin: str = ""

    def __str__(self) -> str:
        key = ".".join(str(part) for part in self.path)
        return ": ".join(part for part in (self.origin, key, self.text) if part)


class SpaceError(TunerError):
    """A space that cannot be searched, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(given: object, allowed: Iterable[object]) -> str:
    """Return the allowed name most like `given`, or "" where none is like it."""
    by_lower = {str(name).lower(): str(name) for name in allowed}
    found = difflib.get_close_matches(str(given).lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""


def unknown(kind: str, given: object, allowed: Iterable[object]) -> str:
    """Say that a name is unknown, which are known, and which of them is the nearest."""
    names = [str(name) for name in allowed]
    text = f"unknown {kind} {str(given)!r}; allowed: {', '.join(names) or 'none'}"
    like = nearest(given, names)
    return f"{text}; nearest: {like}" if like else text
