"""The pages of docs/ that are made from the code: their tables, and the command that prints one."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence

from tuner.cli.command_line import run_command


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    return [_line(row) for row in (head, ["---"] * len(head), *rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def first_line(text: str | None) -> str:
    """Return what a docstring says first."""
    return (text or "").split("\n", maxsplit=1)[0]


def in_one_line(text: str | None) -> str:
    """Return a text as a cell of a table holds it."""
    return " ".join((text or "").split())


def print_page(
    argv: Sequence[str] | None, module: str, about: str | None, page: Callable[[], str]
) -> int:
    """Be the command `python -m <module>`, which prints a page; returns its exit code."""
    options = argparse.ArgumentParser(
        prog=f"python -m {module}", description=first_line(about), allow_abbrev=False
    )

    def action() -> int:
        options.parse_args(argv)
        sys.stdout.write(page())
        return 0

    return run_command(action)
