"""What the commands share: exit codes, messages instead of tracebacks, run names."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable

from tuner.errors import TunerError
from tuner.signals import INTERRUPTED

WRONG_INPUT = 2
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add_overrides(options: argparse.ArgumentParser, what: str, example: str) -> None:
    """Give a command the option `--set`."""
    options.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"change any field of {what}, such as {example}; may be repeated",
    )


def run_command(action: Callable[[], int]) -> int:
    """Run a command; a mistake of the user's becomes a short message and exit code 2."""
    try:
        return action()
    except SystemExit as leaving:  # argparse has said what there is to say
        return leaving.code if isinstance(leaving.code, int) else WRONG_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        sys.stderr.write(f"{_text(error)}\n")
        return WRONG_INPUT


def _text(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{error.filename}: this user has no permission; see `ls -ld {error.filename}`"
    return str(error)


def _expected() -> tuple[type[Exception], ...]:
    from models.data.sources import DataProblem  # noqa: PLC0415 - only needed when one is there

    return (TunerError, DataProblem, PermissionError)


def whole(text: str) -> int:
    """Read a whole number that a person typed after an option."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number; got {text!r}") from None


def seconds(text: str) -> float:
    """Read a time such as 90, 90s, 10m, 1.5h; ValueError says what is allowed."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    total = float(found[1]) * _UNITS_S[found[2]] if found else 0.0
    if total <= 0:
        raise ValueError(f"must be a time above 0 such as 90, 10m or 2h; got {text!r}")
    return total


def check_name(name: str) -> str:
    """Return a run's name if it can be the name of a folder; TunerError says what is allowed."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", name):
        raise TunerError(
            "--name: must be letters, digits and . _ + -, the first a letter or digit, at most 100 "
            f"of them; got {name!r}"
        )
    return name
