"""How far a command is: a bar on a terminal, a line now and then in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SAY_EVERY_S = 30.0

Advance = Callable[[int], None]
"""Takes how many more are done."""


@contextmanager
def progress(total: int, what: str, *, shown: bool = True) -> Iterator[Advance]:
    """Show on standard error how many of `total` are done; nothing unless `shown`."""
    console = Console(stderr=True, highlight=False)
    if not shown:
        yield lambda _: None
    elif console.is_terminal and not console.is_dumb_terminal:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count: bar.advance(task, count)
    else:
        yield _lines(total, what)


def _lines(total: int, what: str) -> Advance:
    done, said = 0, time.monotonic()

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        if done < total and time.monotonic() - said > _SAY_EVERY_S:
            said = time.monotonic()
            sys.stderr.write(f"{what}: {done:,} of {total:,}\n")

    return advance
