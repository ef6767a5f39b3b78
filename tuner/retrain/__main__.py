"""Retrain the best configuration of a search with fresh seeds, then open the test split once.

python -m tuner.retrain --run runs/quickstart-1
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from models.names import shown
from tuner.cli.command_line import add_overrides, run_command
from tuner.cli.run_option import add_run, run_path
from tuner.cli.signals import leave
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import PLACES

if TYPE_CHECKING:
    from tuner.figures.metrics import Metrics
    from tuner.retrain.choosing.candidates import Asked
    from tuner.retrain.each_class import EachSummary
    from tuner.retrain.flow import RetrainSummary
    from tuner.space import Space
    from tuner.storage import Storage


_SEEDS = "trainings with fresh seeds (default: 3); with --top, that each begins with"
_TOP = "choose the best of the K best finished trials with fresh seeds, by validation"
_UNTIL = "with --top: until one is best with this probability (default: 0.95)"
_MOST = "with --top: so many trainings of them at most (default: 5 for each)"
_ENSEMBLE = "average the scores of N trainings, with --top at most N; kept where validation says so"
_PUBLISHED = "train the better published set alike (default: where the search has tried one)"


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.retrain",
        description="Retrain the best configuration of a search, and test it once.",
        epilog="example:\n  python -m tuner.retrain --run runs/quickstart-1\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    config = "a best.yaml, wherever it is; report, model and count of openings go beside it"
    what = options.add_mutually_exclusive_group(required=True)
    add_run(what, "--search", dest="search")
    what.add_argument("--config", type=Path, metavar="FILE", help=config)
    add = options.add_argument
    add("--seeds", type=_count, default=3, help=_SEEDS)
    add("--epochs", type=_count, help="of each (default: as many as the search allowed)")
    add("--no-baselines", dest="baselines", action="store_false", help="only the best one")
    add("--published", action=argparse.BooleanOptionalAction, help=_PUBLISHED)
    cluster = "of a Ray cluster, or auto on one of its machines (default: $RAY_ADDRESS)"
    add("--address", help=cluster)
    add("--storage", metavar="PLACE", help="where the run is kept: " + PLACES)
    add("--top", type=_several, metavar="K", help=_TOP)
    add("--until", type=_level, metavar="P", help=_UNTIL)
    add("--max-trainings", type=_count, metavar="N", help=_MOST)
    add("--ensemble", type=_ensemble_size, metavar="N", help=_ENSEMBLE)
    add("--again", action="store_true", help="train again although the report is there")
    add_overrides(options, "the configuration", example="data.folder=/data")
    return options


def _count(text: str) -> int:
    if re.fullmatch(r"[1-9][0-9]{0,8}", text):
        return int(text)
    raise argparse.ArgumentTypeError(
        f"must be a whole number from 1 to 999999999; got {shown(text)}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(
        lambda: _main(parser().parse_args(argv)),
        lenient=True,
        stopped="The retrain was stopped before its end.",
    )


def _several(text: str) -> int:
    if (number := _count(text)) > 1:
        return number
    raise argparse.ArgumentTypeError(
        "1 leaves nothing to choose: give 2 or more, or leave it out to retrain the best"
    )


def _ensemble_size(text: str) -> int:
    if (number := _count(text)) > 1:
        return number
    raise argparse.ArgumentTypeError(
        "1 leaves nothing to average: give 2 or more, or leave it out to keep the best training"
    )


def _level(text: str) -> float:
    with suppress(ValueError):
        if 0.5 < (level := float(text)) < 1:
            return level
    raise argparse.ArgumentTypeError(
        f"must be a probability above 0.5 and below 1, such as 0.95; got {shown(text)}"
    )


def _among(given: argparse.Namespace) -> Asked | None:
    """The choice that the options ask for. Raises TunerError where they do not go together."""
    from tuner.retrain.choosing.candidates import DEFAULT_LEVEL, Asked  # noqa: PLC0415 - for --help

    if given.top is None:
        for option, value in (("--until", given.until), ("--max-trainings", given.max_trainings)):
            if value is not None:
                raise TunerError(
                    f"{option} {value} is of a choice among several: say of how many, with --top 5"
                )
        return None
    if given.config:
        raise TunerError(
            f"--top {given.top} goes with --run alone: --config is one configuration, and only a "
            "search has others to choose among."
        )
    level = DEFAULT_LEVEL if given.until is None else given.until
    return Asked(top=given.top, until=level, most=given.max_trainings)


def _main(given: argparse.Namespace) -> int:
    retrained(given)
    return 0


def retrained(given: argparse.Namespace) -> RetrainSummary | EachSummary:
    """Retrain as the options say, and say what has come of it. Raises TunerError."""
    given.search = given.search and run_path(given.search)
    from tuner.durability.storage_choice import storage_of  # noqa: PLC0415
    from tuner.retrain.run_check import check_run  # noqa: PLC0415
    from tuner.space import load_space  # noqa: PLC0415 - keeps --help fast

    if given.config and given.storage:
        raise TunerError(
            f"--storage {given.storage} goes with --run alone: with --config, report and model "
            "are written beside the file."
        )
    among = _among(given)
    storage = storage_of(RunFolder(given.search), given.storage) if given.search else None
    if storage is not None:
        _fetch(storage, RunFolder(given.search))
    config = given.config or _best_of(given.search, storage)
    if given.search:
        check_run(RunFolder(given.search))
    space = load_space(config, given.overrides)
    if among is not None and space.data.each:
        raise TunerError(
            f"--top {given.top} chooses on one task, and data.normal is each: every class would "
            "have a best of its own. Leave --top out."
        )
    if given.ensemble is not None and space.data.each:
        raise TunerError(
            f"--ensemble {given.ensemble} averages trainings of one class, and with data.normal: "
            "each every class has a model of its own. Leave --ensemble out."
        )
    from tuner.cli.output import log_lines_shown, say  # noqa: PLC0415

    with log_lines_shown():
        summary = _retrain_of(space)(
            config.parent,
            space=space,
            seeds=given.seeds,
            epochs=given.epochs,
            baselines=given.baselines,
            published=given.published,
            again=given.again,
            address=given.address,
            storage=storage,
            say=say,
            track=_tracker(space, RunFolder(config.parent)),
            **({} if among is None else {"among": among}),
            **({} if given.ensemble is None else {"ensemble": given.ensemble}),
        )
    for line in summary.lines():
        say(line)
    if storage is not None:
        _keep(storage, RunFolder(given.search))
    return summary


def _retrain_of(space: Space) -> Callable[..., RetrainSummary | EachSummary]:
    """The retrain of a class, or of each where all are normal in turn."""
    if space.data.each:
        from tuner.retrain.each_class import retrain_each  # noqa: PLC0415 - for --help

        return retrain_each
    from tuner.retrain.flow import retrain  # noqa: PLC0415

    return retrain


def _fetch(storage: Storage, run_folder: RunFolder) -> None:
    from tuner.durability.restore import fetch_best  # noqa: PLC0415
    from tuner.record.own_files import check_links  # noqa: PLC0415

    check_links(run_folder)
    fetch_best(storage, run_folder)


def _keep(storage: Storage, run_folder: RunFolder) -> None:
    """The report is on this machine's disk already: a storage that fails costs only the copy."""
    from tuner.cli.output import say  # noqa: PLC0415
    from tuner.durability.restore import keep_retrained  # noqa: PLC0415

    try:
        keep_retrained(storage, run_folder)
    except TunerError as error:
        say(f"{error} Report and model are on this machine alone.")


def _tracker(space: Space, run_folder: RunFolder) -> Callable[[Metrics], None]:
    """What writes the report to W&B, beside the search's trials."""
    from tuner.cli.output import say  # noqa: PLC0415
    from tuner.retrain.tracked import retrained  # noqa: PLC0415
    from tuner.space.facts import space_facts  # noqa: PLC0415
    from tuner.tracking.listener import write_retrain  # noqa: PLC0415
    from tuner.tracking.mode import choose_mode  # noqa: PLC0415
    from tuner.tracking.runs import TrackingConfig  # noqa: PLC0415

    choice = choose_mode(space.wandb.mode, run_folder.wandb)
    if choice.note:
        say(choice.note)
    config = TrackingConfig(
        folder=run_folder,
        uid="retrain",
        mode=choice.mode,
        project=space.wandb.project,
        facts=space_facts(space),
    )
    return lambda metrics: write_retrain(config, retrained(metrics, run_folder), say)


def _best_of(run_folder: Path, storage: Storage | None) -> Path:
    config = RunFolder(run_folder).best
    if config.exists():
        return config
    if run_folder.is_dir() and not RunFolder(run_folder).holds_run():
        from tuner.record.lock import starting  # noqa: PLC0415 - for --help

        said = starting(RunFolder(run_folder))
        raise TunerError(said or f"--run: {run_folder} holds no search")
    if run_folder.is_dir():
        from tuner.results.no_result import no_best  # noqa: PLC0415 - for --help

        raise TunerError(no_best(RunFolder(run_folder)))
    if run_folder.exists():
        raise TunerError(f"--run: {run_folder} is a file: give the folder, or --config")
    from tuner.record.run_names import nearest_run  # noqa: PLC0415 - for --help

    like = nearest_run(RunFolder(run_folder))
    elsewhere = f", and the storage {storage.uri} has no such run" if storage else ""
    hint = f"; nearest: {run_folder.parent / like}" if like else ""
    raise TunerError(f"--run: there is no folder {run_folder}{elsewhere}{hint}")


if __name__ == "__main__":
    leave(main())
