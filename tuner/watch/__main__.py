"""Look at a search that runs: its console from another shell or machine, its report in a browser.

python -m tuner.watch runs/quickstart-1 --serve
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from tuner.cli.command_line import run_command
from tuner.cli.run_option import add_run, run_named, run_path
from tuner.cli.signals import leave
from tuner.record.run_folder import RunFolder

UNFINISHED = 1


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.watch",
        description=(
            "Show what a search's own console shows, until the search ends or Ctrl-C ends the "
            "watching; the search is not touched. Exit code "
            f"{UNFINISHED} where it has ended before its time."
        ),
        epilog=(
            "examples:\n"
            "  python -m tuner.watch runs/quickstart-1\n"
            "  python -m tuner.watch quickstart-1 --storage s3://bucket/searches\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = options.add_mutually_exclusive_group(required=True)
    add_run(what)
    same = "the same, without --run"
    what.add_argument("folder", nargs="?", type=run_named, metavar="RUN", help=same)
    options.add_argument(
        "--storage", metavar="PLACE", help="where the driver of another machine keeps its record"
    )
    options.add_argument(
        "--serve",
        nargs="?",
        type=int,
        const=0,
        metavar="PORT",
        help="keep the report fresh in a browser of this machine; any free port without one",
    )
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)), stopped="No longer watched.")


def _main(given: argparse.Namespace) -> int:
    from tuner.cli.output import say  # noqa: PLC0415 - for --help
    from tuner.watch.following import follow  # noqa: PLC0415
    from tuner.watch.source import opened  # noqa: PLC0415

    folder = RunFolder(run_path(given.run or given.folder))
    with ExitStack() as open_until_its_end:
        record = open_until_its_end.enter_context(opened(folder, given.storage))
        if given.serve is not None:
            from tuner.watch.serving import served  # noqa: PLC0415 - draws, which takes a while

            address, live = open_until_its_end.enter_context(served(record, given.serve))
            say(f"Report: {address}")
            follow(record, folder.name)
            live.make()  # with all that was recorded by its end
            say(f"The report stays at {address} until Ctrl-C.")
            threading.Event().wait()
        finished = follow(record, folder.name)
    return 0 if finished else UNFINISHED


if __name__ == "__main__":
    leave(main())
