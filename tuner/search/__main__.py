"""Search the hyperparameters of a detector.

python -m tuner.search --space search_spaces/quickstart.yaml
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tuner.cli.command_line import run_command
from tuner.cli.signals import INTERRUPTED, leave
from tuner.search.from_options import searched
from tuner.search.named_run import found_folder
from tuner.search.options import parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    typed = sys.argv[1:] if argv is None else argv
    leaves_files = "--dry-run" not in typed  # which is nothing but what it prints
    return run_command(lambda: _main(parser().parse_args(typed)), lenient=leaves_files)


def _main(given: argparse.Namespace) -> int:
    run_folder = found_folder(given)
    if given.dry_run:
        from tuner.search.dry_run import dry_run  # noqa: PLC0415 - for --help

        return dry_run(given, run_folder)
    summary = searched(given, run_folder)
    if summary is None:
        return 0
    if summary.signal is not None:
        return 128 + summary.signal
    return INTERRUPTED if summary.interrupted else 0


if __name__ == "__main__":
    leave(main())
