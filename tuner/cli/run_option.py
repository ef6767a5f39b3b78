"""`--run`: a run is named alike in every command, by its name or by its folder."""

import argparse
from pathlib import Path

from tuner.cli.typed import word_of

RUNS = Path("runs")
"""The folder of all runs, where no other is named."""
ABOUT = "the run: its name, or its folder runs/<name>"

Options = argparse.ArgumentParser | argparse._MutuallyExclusiveGroup


def add_run(
    options: Options, *also: str, dest: str = "run", about: str = ABOUT, required: bool = False
) -> None:
    """Give a command the option `--run`; `also` are other spellings of it."""
    named = ("--run", *also)
    options.add_argument(*named, dest=dest, metavar="RUN", help=about, required=required)


def run_path(named: str) -> Path:
    """The folder of a run: one that is named by its path, or by its name below runs/."""
    path = Path(named)
    return path if "/" in named or path.exists() else RUNS / path


def run_words(run_folder: Path) -> tuple[str, str]:
    """The option as it is typed here, a path even where that is a name alone."""
    text = word_of(run_folder.absolute())
    return "--run", text if "/" in text else f"./{text}"
