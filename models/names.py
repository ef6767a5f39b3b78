"""Names that people write: the nearest to a wrong one, and what to answer to it. Torch-free."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

Value = TypeVar("Value")
_LONGEST = 60
"""Letters of a name that are compared, and of a text that are shown."""


def nearest(given: object, allowed: Iterable[object]) -> str:
    """Return the allowed name most like `given`, or "" where none is like it.

    A name that begins as the given one does is closer than one that merely resembles it: by
    `tshirt` people mean T-shirt/top, not Shirt. So is one that has it as a word or is shortened by
    it: `lr` is generator_lr, or learning_rate.
    """
    names = list(dict.fromkeys(map(str, allowed)))
    spelling = {_letters(name): name for name in reversed(names)}
    wanted = _letters(given)[:_LONGEST]
    if len(wanted) > 1:
        begun = [name for name in names if _letters(name).startswith(wanted)]
        if found := begun or [name for name in names if wanted in _words(name)]:
            return found[0]
    if close := difflib.get_close_matches(wanted, spelling, n=1, cutoff=0.5):
        return spelling[close[0]]
    short = _words(str(given)[:_LONGEST])[-1]
    return next((name for name in names if len(short) > 1 and short in _words(name)), "")


def _words(name: str) -> list[str]:
    """The words of a name, and what their first letters make."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return [*words, "".join(word[0] for word in words)]


def shown(value: object) -> str:
    """Return a value as a message shows it: long ones shortened, nothing said as such."""
    return "nothing" if value is None else _SHORT.repr(value)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST


def unknown(kind: str, given: object, allowed: Iterable[object]) -> str:
    """Say that a name is unknown, which are known, and which of them is the nearest."""
    names = [str(name) for name in allowed]
    text = f"unknown {kind} {shown(str(given))}; allowed: {', '.join(names) or 'none'}"
    like = nearest(given, names)
    return f"{text}; nearest: {like}" if like else text


class Named(dict[str, Value]):
    """Values by names that people write: a wrong one raises ValueError with the nearest.

    `kind` says what they are the names of. `elsewhere` has sentences about names that are right
    in another place. A dict in all else, and as quick where the name is right.
    """

    def __init__(
        self, kind: str, values: Mapping[str, Value], elsewhere: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(values)
        self._kind = kind
        self._elsewhere = elsewhere or {}

    def __missing__(self, name: str) -> NoReturn:
        raise ValueError(self._elsewhere.get(name) or unknown(self._kind, name, self))


def _letters(name: object) -> str:
    return "".join(character for character in str(name).lower() if character.isalnum())
