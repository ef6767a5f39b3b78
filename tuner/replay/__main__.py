"""Show that a search's record comes out again from its own events, bit for bit.

python -m tuner.replay --run runs/quickstart
python -m tuner.replay --run runs/quickstart --what-if scheduler.reduction_factor=4
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tuner.cli.command_line import run_command
from tuner.cli.run_option import add_run, run_named, run_path
from tuner.cli.signals import leave
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder

DIFFERENT = 1
_EXAMPLES = """\
examples:
  python -m tuner.replay --run runs/quickstart-1
  python -m tuner.replay --run runs/quickstart-1 --what-if scheduler.reduction_factor=4
  python -m tuner.replay --run runs/quickstart-1 --what-if scheduler=none --what-if sampler=random
  python -m tuner.replay --run runs/quickstart-1 --what-if scheduler.type=stop trials=20
"""


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.replay",
        description=(
            "Feed a search's recorded events into a fresh sampler and a fresh scheduler, and "
            "compare every suggestion and every decision with the recorded one. Nothing is "
            f"written. Exit code {DIFFERENT} where one differs. With --what-if: say what the same "
            "curves would have cost and found with other settings."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = options.add_mutually_exclusive_group(required=True)
    add_run(what)
    same = "the same, without --run"
    what.add_argument("folder", nargs="?", type=run_named, metavar="RUN", help=same)
    options.add_argument(
        "--what-if",
        nargs="+",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=(
            "what the search would have cost and found with this change, or these together; each "
            "further --what-if asks another question"
        ),
    )
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(lambda: _main(parser().parse_args(argv)))


def _main(given: argparse.Namespace) -> int:
    run = run_path(given.run or given.folder)
    record = RunFolder(run).journal
    if not record.exists():
        from tuner.record.lock import starting  # noqa: PLC0415 - for --help

        lacking = f"{run} holds no record to replay: there is no {record}."
        raise TunerError(starting(RunFolder(run)) or lacking)
    from tuner.durability.record_check import check_beside  # noqa: PLC0415
    from tuner.record.past import read_past  # noqa: PLC0415

    if given.what_if:
        return _asked(RunFolder(run), given.what_if)
    from tuner.replay.comparison import replay  # noqa: PLC0415 - loads ray and optuna

    found = replay(record)
    check_beside(read_past(RunFolder(run)).history, RunFolder(run))
    for line in found.lines():
        sys.stdout.write(f"{line}\n")
    return 0 if found.difference is None else DIFFERENT


def _asked(run_folder: RunFolder, questions: Sequence[Sequence[str]]) -> int:
    from tuner.durability.record_check import check_beside  # noqa: PLC0415
    from tuner.record.compatibility import space_in  # noqa: PLC0415
    from tuner.record.past import read_past  # noqa: PLC0415
    from tuner.replay.answers import answer_lines  # noqa: PLC0415 - loads optuna
    from tuner.replay.what_if import recorded  # noqa: PLC0415

    past = read_past(run_folder)
    check_beside(past.history, run_folder)
    if not past.history.trials:
        raise TunerError(f"{run_folder.journal} holds no trial: there is nothing to ask of.")
    record = recorded(past.events, space_in(past.history, run_folder))
    for line in answer_lines(record, [record.ask(changes) for changes in questions]):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    leave(main())
