"""Write a search's report: one HTML file with everything that its record tells.

python -m tuner.report --run runs/quickstart-1 --open
"""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Sequence

from tuner.cli.command_line import run_command
from tuner.cli.run_option import add_run, run_path
from tuner.cli.signals import leave
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.report",
        description=(
            "Write report.html into the run's folder: what won and by how much, which settings "
            "matter, which images it gets wrong, what it cost, how to repeat it. The file needs no "
            "server and no network."
        ),
        epilog="example:\n  python -m tuner.report --run runs/quickstart-1 --open\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_run(options, "--search")
    options.add_argument("--open", action="store_true", help="show it in the browser")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    from tuner.cli.output import say  # noqa: PLC0415 - for --help
    from tuner.report.writing import write_report  # noqa: PLC0415

    if given.run is None:
        raise TunerError("Say which run: --run runs/quickstart-1")
    written = write_report(RunFolder(run_path(given.run)))
    say(f"Report: {written}")
    if given.open and not webbrowser.open(written.absolute().as_uri()):
        say("There is no browser here: open the file in one.")
    return 0


if __name__ == "__main__":
    leave(main())
