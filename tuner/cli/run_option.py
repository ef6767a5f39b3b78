"""`--run`: a run is named alike in every command, by its name or by its folder."""

import argparse
from collections.abc import Callable
from pathlib import Path

from models.names import shown
from tuner.cli.command_text import word_of
from tuner.errors import TunerError

RUNS = Path("runs")
"""The folder of all runs, where no other is named."""
ABOUT = "the run: its name, or its folder runs/<name>"
_LONGEST, _LONGEST_PATH = 255, 4095  # bytes, of Linux's file systems and of Linux

Options = argparse.ArgumentParser | argparse._MutuallyExclusiveGroup


def add_run(
    options: Options, *also: str, dest: str = "run", about: str = ABOUT, required: bool = False
) -> None:
    """Give a command the option `--run`; `also` are other spellings of it."""
    named = ("--run", *also)
    options.add_argument(
        *named, dest=dest, type=run_named, metavar="RUN", help=about, required=required
    )


def run_named(text: str) -> str:
    """What a person typed for a run, if it is anything."""
    if not text:
        raise argparse.ArgumentTypeError("must be a run's name or its folder; got ''")
    return text


def run_path(
    named: str, runs: Path = RUNS, *, is_there: Callable[[Path], bool] = Path.exists
) -> Path:
    """The folder of a run. A name alone is that of one in `runs`, else of what is there by it.

    Raises TunerError for a text that is longer than a name can be.
    """
    path = _possible(Path(named))
    if "/" in named or named in (".", ".."):
        return path
    return path if is_there(path) and not is_there(runs / path) else runs / path


def run_folder(run: str | Path) -> Path:
    """The folder of what Python names: a path is one, a text is read as it would be typed.

    Raises TunerError for what is neither.
    """
    if not isinstance(run, str | Path) or not str(run):
        raise TunerError(f"run: must be a run's name, or its folder as a path; got {shown(run)}")
    return _possible(run) if isinstance(run, Path) else run_path(run)


def _possible(path: Path) -> Path:
    """The path, if any disk can have it: else whatever looks at it would raise an OSError."""
    lengths = [len(part.encode(errors="replace")) for part in path.parts]
    if max(lengths, default=0) > _LONGEST or sum(lengths) + len(lengths) > _LONGEST_PATH:
        raise TunerError(
            f"--run: {shown(str(path))} is longer than the name of a folder can be: give a run's "
            "name, or its folder"
        )
    return path


def run_words(run_folder: Path) -> tuple[str, str]:
    """The option as it is typed here, a path even where that is a name alone."""
    text = word_of(run_folder.absolute())
    return "--run", text if "/" in text else f"./{text}"
