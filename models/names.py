"""Names that people write: the nearest to a wrong one, and what to answer to it. Torch-free."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

Value = TypeVar("Value")


def nearest(given: object, allowed: Iterable[object]) -> str:
    """Return the allowed name most like `given`, or "" where none is like it.

    A name that begins as the given one does is closer than one that merely resembles it: by
    `tshirt` people mean T-shirt/top, not Shirt.
    """
    spelling = {_letters(name): str(name) for name in allowed}
    begun = [letters for letters in spelling if letters.startswith(_letters(given) or "\0")]
    close = begun or difflib.get_close_matches(_letters(given), spelling, n=1, cutoff=0.5)
    return spelling[close[0]] if close else ""


def unknown(kind: str, given: object, allowed: Iterable[object]) -> str:
    """Say that a name is unknown, which are known, and which of them is the nearest."""
    names = [str(name) for name in allowed]
    text = f"unknown {kind} {str(given)!r}; allowed: {', '.join(names) or 'none'}"
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
