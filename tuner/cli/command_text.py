"""Commands as a person types them: every word quoted, and read back by the command as it is."""

from __future__ import annotations

import shlex
from pathlib import Path

from tuner.storage.files import as_typed


def command(module: str, *words: str | Path) -> str:
    """Return `python -m <module> ...` for the working folder; paths are shortened where they can.

    A path that begins with a dash is no option.
    """
    return shlex.join(["python", "-m", module, *map(word_of, words)])


def word_of(word: str | Path) -> str:
    """A word as the command is to read it."""
    if isinstance(word, str):
        return word
    text = str(as_typed(word))
    return f"./{text}" if text.startswith("-") else text


def quoted(word: str | Path) -> str:
    """A path or name that is part of a command in a sentence."""
    return shlex.quote(word_of(word))
