"""The options of the command, as a person types them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from tuner.cli.command_line import add_overrides, seconds, whole
from tuner.cli.run_option import RUNS, add_run
from tuner.storage import PLACES

_EXAMPLES = """\
examples:
  python -m tuner.search --space search_spaces/quickstart.yaml
  python -m tuner.search --space search_spaces/lossweights.yaml --dry-run
  python -m tuner.search --space search_spaces/lossweights.yaml --set "data.normal=[Shirt]"
  python -m tuner.search --space search_spaces/lossweights.yaml --set "search.patch_n={int: [1, 5]}"
  python -m tuner.search --resume --run lossweights-1
  python -m tuner.search --resume --run lossweights-1 --trials +50
"""


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.search",
        description="Search the hyperparameters of a detector as a space file says.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    add("--space", type=Path, metavar="FILE", help="the space file: what to search")
    run = "the run: its name, or its folder (default: the space file's name with a free number)"
    add_run(options, "--name", dest="name", about=run)
    runs = "the folder of all runs, for a name alone (default: runs)"
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help=runs)
    add("--resume", action="store_true", help="go on where the run stopped, if there is one")
    add("--dry-run", action="store_true", help="say what would happen, and how long it takes")
    add("--yes", action="store_true", help="do not ask before a search that is long or costs money")
    add_overrides(options, "the space", example="sampler.seed=3")
    more = "configurations to try; +50 with --resume: so many more than the run has"
    add("--trials", type=_trials, metavar="N", help=more)
    add(
        "--time-budget",
        type=_budget,
        metavar="TIME",
        help="stop after 600, 10m or 2h, all starts of the search together; --resume keeps to it",
    )
    earlier = "begin with the best configuration and the trials of an earlier run; repeatable"
    add("--from", dest="earlier", action="append", default=[], metavar="RUN", help=earlier)
    add("--seed", type=whole, help="of the whole search")
    cluster = "of a Ray cluster, or auto on one of its machines (default: $RAY_ADDRESS)"
    add("--address", help=cluster)
    add("--storage", metavar="PLACE", help="where what must outlive a machine goes: " + PLACES)
    add("--wandb", choices=("auto", "online", "offline", "off"), help="where the curves go")
    return options


@dataclass(frozen=True)
class More:
    """So many trials more than a run has."""

    trials: int

    def __str__(self) -> str:
        return f"+{self.trials}"


def _trials(text: str) -> int | More:
    if not text.startswith("+"):
        return whole(text)
    if (more := whole(text[1:])) < 1:
        raise argparse.ArgumentTypeError(f"must be +1 or more; got {text}")
    return More(more)


def _budget(text: str) -> float:
    try:
        return seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
