"""Write docs/commands.md: the options of every command, from their parsers.

python -m tuner.reference.commands > docs/commands.md
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence

from tuner.__main__ import commands
from tuner.cli.command_line import WRONG_INPUT
from tuner.cli.markdown import in_one_line, print_page, table
from tuner.cli.signals import HUNG_UP, INTERRUPTED, TERMINATED
from tuner.doctor.__main__ import FAILED
from tuner.errors import OutOfTime
from tuner.replay.__main__ import DIFFERENT
from tuner.watch.__main__ import UNFINISHED

_HEAD = f"""\
# The commands

Made by `python -m tuner.reference.commands > docs/commands.md` from the commands' own parsers;
`python -m tuner` lists them, `--help` shows one.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| {FAILED} | `tuner.doctor`: a check failed; `tuner.replay`: the record was not reproduced; `tuner.watch`: the search has ended before its time |
| {WRONG_INPUT} | something to put right, said in one line on standard error: a mistake in the input, a search without a score or without the best detector of a trial (each later look at it ends so too), or a search that gave up because Ray died on its driver's machine (`--resume` goes on) |
| {OutOfTime.exit_code} | the time budget is used up: no trial has a score yet, or, of a search that goes on, nothing was started |
| {HUNG_UP}, {INTERRUPTED}, {TERMINATED} | stopped by a terminal that closed, by Ctrl-C, by SIGTERM |
"""  # noqa: E501 - rows of a table
assert FAILED == DIFFERENT == UNFINISHED, "the table says one code of all"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page, in Markdown."""
    return print_page(argv, "tuner.reference.commands", __doc__, page)


def page() -> str:
    """Return a section of each command."""
    return "\n".join([_HEAD, *("\n".join(_section(name)) for name in commands())])


def _section(name: str) -> Iterator[str]:
    options: argparse.ArgumentParser = importlib.import_module(f"{name}.__main__").parser()
    yield f"## {name}\n"
    yield f"{options.description}\n"
    yield "\n".join(table(("argument", "meaning"), _rows(options))) + "\n"
    if options.epilog:
        yield f"```text\n{options.epilog.strip()}\n```\n"


def _rows(options: argparse.ArgumentParser) -> Iterator[Sequence[str]]:
    for each in options._actions:
        if not isinstance(each, argparse._HelpAction):
            about = in_one_line(each.help).replace("<", "\\<")  # else Markdown takes it for HTML
            notes = [about, *_required(each, options)]
            yield f"`{_written(each)}`", "; ".join(notes)


def _required(action: argparse.Action, options: argparse.ArgumentParser) -> Iterator[str]:
    """Whether it must be given, or one of several."""
    if action.required and action.option_strings:
        yield "required"
    for group in options._mutually_exclusive_groups:
        others = [each for each in group._group_actions if each is not action]
        if group.required and len(others) < len(group._group_actions):
            yield f"either this or {' or '.join(f'`{_written(each)}`' for each in others)}"


def _written(action: argparse.Action) -> str:
    """An argument as a person types it."""
    choices = "|".join(map(str, action.choices or ()))
    value = str(action.metavar or choices or action.dest.upper())
    if not action.option_strings:
        many = {"+": f"{value} ...", "?": f"[{value}]"}
        return many.get(str(action.nargs), value)
    options = ", ".join(action.option_strings)
    return options if action.nargs == 0 else f"{options} {value}"


if __name__ == "__main__":
    sys.exit(main())
