"""What the commands share: exit codes, messages instead of tracebacks, run names."""

from __future__ import annotations

import argparse
import logging
import math
import re
import sys
from collections.abc import Callable

from models.names import shown
from tuner.cli.signals import INTERRUPTED, Caught, stoppable
from tuner.cli.streams import (
    drop_rest,
    is_of_standard_output,
    of_standard_output,
    standard_output,
    usable_streams,
)
from tuner.cli.text import os_error_text
from tuner.errors import TunerError

WRONG_INPUT = TunerError.exit_code
_LONGEST_S = 1e9
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


def run_command(
    action: Callable[[], int], *, lenient: bool = False, stopped: str = "Stopped before its end."
) -> int:
    """Run a command; a mistake of the user's becomes a short message and exit code 2.

    So does standard output that cannot be written, unless the command is `lenient` about it.
    `stopped` is what is said where a signal ends it.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its cache at length
    logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback
    with usable_streams(lenient=lenient) as there:
        if not there and not lenient:
            return _refuse("standard output is closed: send it to a file, or to /dev/null")
        code = _ended(action, stopped)
        try:
            with standard_output():
                pass
        except TunerError as error:  # the first trouble is the one to tell
            return code or _refuse(str(error))
    return code


def _ended(action: Callable[[], int], stopped: str) -> int:
    caught = Caught()
    try:
        with stoppable(stopped) as caught:
            code = action()
        return code if caught.number is None else 128 + caught.number
    except SystemExit as leaving:  # argparse has said what there is to say
        return leaving.code if isinstance(leaving.code, int) else WRONG_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if caught.number is not None:  # what the signal has broken off
            return 128 + caught.number
        text = _text(error)
        if text is None:
            raise
        return _refuse(text, error.exit_code if isinstance(error, TunerError) else WRONG_INPUT)


def _refuse(text: str, code: int = WRONG_INPUT) -> int:
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:  # nobody is left to tell
        drop_rest(sys.stderr)
    return code


def _text(error: Exception) -> str | None:
    """What a person is told; None for what only a programmer can mend."""
    if isinstance(error, _expected()):
        return str(error)
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.filename is None:
        return of_standard_output(error) if is_of_standard_output() else error.strerror
    return os_error_text(error)


def _expected() -> tuple[type[Exception], ...]:
    from models.data.sources import DataProblem  # noqa: PLC0415 - only needed when one is there
    from models.detectors import FolderProblem  # noqa: PLC0415

    return (TunerError, DataProblem, FolderProblem)


def whole(text: str) -> int:
    """Read a whole number that a person typed after an option."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number; got {shown(text)}") from None


def seconds(text: str) -> float:
    """Read a time such as 90, 90s, 10m, 1.5h; ValueError says what is allowed."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    total = float(found[1]) * _UNITS_S[found[2]] if found else 0.0
    if not 0 < total <= _LONGEST_S:
        longest = f"{_LONGEST_S / 86400:.0f}d"
        raise ValueError(
            f"must be a time above 0 and up to {longest} such as 90, 10m or 2h; got {shown(text)}"
        )
    return total


def seconds_text(total: float) -> str:
    """Write a time as `seconds` reads it, in whole minutes where it has many."""
    return f"{math.ceil(total)}s" if total < 120 else f"{math.ceil(total / 60)}m"


def check_name(name: str) -> str:
    """Return a run's name if it can be the name of a folder; TunerError says what is allowed."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", name):
        raise TunerError(
            "--run: must be letters, digits and . _ + -, the first a letter or digit, at most 100 "
            f"of them; got {shown(name)}"
        )
    return name
