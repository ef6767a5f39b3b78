"""Python's keywords as the options of a command, read by the command's own parser."""

import argparse
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from models.names import shown
from models.names import unknown as unknown_name
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


def refuse(function: Callable[..., object], unknown: Mapping[str, object]) -> None:
    """Raise TunerError for words that a function has not; it names those that it has."""
    if not unknown:
        return
    name, kinds = function.__name__, inspect.signature(function).parameters
    if name == "search" and "dry_run" in unknown:
        raise TunerError(
            "search takes no dry_run: that only prints, and makes no run to return. Type the "
            "command: python -m tuner.search --dry-run"
        )
    words = [word for word, each in kinds.items() if each.kind is not each.VAR_KEYWORD]
    raise TunerError(f"{name}: {unknown_name('option', next(iter(unknown)), words)}")


def overrides(given: Set | None) -> list[str] | None:
    """Each as `--set` takes it: a value from Python is written as YAML reads it.

    Raises TunerError for what is neither.
    """
    if given is not None and not isinstance(given, Mapping | Sequence):
        allowed = '{"epochs": 5}, ["epochs=5"] or "epochs=5"'
        raise TunerError(f"set: must be {allowed}; got {shown(given)}")
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
