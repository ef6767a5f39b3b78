"""Python's keywords as the options of a command, read by the command's own parser."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from tuner.errors import TunerError

Set = Mapping[str, object] | Sequence[str] | str
"""What `--set` takes: `{"epochs": 5}`, `["epochs=5"]` or `"epochs=5"`."""


def given_options(parser: argparse.ArgumentParser, **words: object) -> argparse.Namespace:
    """What a command would read, were each word typed as its option.

    None leaves an option out, True is one without a value, False is its `--no-`. Raises TunerError
    for what the command refuses.
    """

    def refuse(message: str) -> NoReturn:
        raise TunerError(message)

    parser.error = refuse  # type: ignore[method-assign]
    typed = [each for word, given in words.items() for each in _typed(word, given)]
    return parser.parse_args(typed)


def _typed(word: str, given: object) -> list[str]:
    option = f"--{word.replace('_', '-')}"
    if given is None:
        return []
    if isinstance(given, bool):
        return [option if given else option.replace("--", "--no-", 1)]
    if isinstance(given, list):
        return [f"{option}={each}" for each in given]
    return [f"{option}={given}"]


def overrides(given: Set | None) -> list[str] | None:
    """Each as `--set` takes it: a value from Python is written as YAML reads it."""
    if isinstance(given, Mapping):
        return [f"{key}={as_yaml('set', value)}" for key, value in given.items()]
    if isinstance(given, str):
        return [given]
    return None if given is None else list(given)


def as_yaml(word: str, value: object) -> str:
    """A value as space files have it: JSON is YAML. Raises TunerError for what they cannot hold."""

    def plain(part: object) -> str:
        if isinstance(part, Path):
            return str(part.absolute())  # `mine` alone would be a name, and so another folder
        raise TypeError

    try:
        return json.dumps(value, allow_nan=False, default=plain)
    except (TypeError, ValueError):
        raise TunerError(
            f"{word}: {value!r} cannot stand in a space file: give numbers, texts, lists, mappings"
        ) from None
