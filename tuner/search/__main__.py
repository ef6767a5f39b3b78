"""Search the hyperparameters of a detector.

python -m tuner.search --space search_spaces/quickstart.yaml
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.cli.command_line import (
    add_overrides,
    run_command,
    seconds,
    whole,
)
from tuner.cli.run_option import RUNS, add_run, run_path
from tuner.cli.signals import INTERRUPTED, leave
from tuner.errors import OutOfTime, SpaceError, TunerError
from tuner.record.run_folder import RunFolder
from tuner.storage import PLACES, VARIABLE, local_storage

if TYPE_CHECKING:
    from tuner.record.past import Past
    from tuner.record.trials import TrialView
    from tuner.search.backend import Backend
    from tuner.search.claim import Claim
    from tuner.search.summary import SearchSummary
    from tuner.search.warm_start import EarlierRun
    from tuner.space import Machine, Space
    from tuner.storage import Storage

_SHORTHANDS = {"trials": "trials", "seed": "sampler.seed", "wandb": "wandb.mode"}
_EXAMPLES = """\
examples:
  python -m tuner.search --space search_spaces/quickstart.yaml
  python -m tuner.search --space search_spaces/lossweights.yaml --dry-run
  python -m tuner.search --space search_spaces/lossweights.yaml --set data.normal=[Shirt]
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
    add("--yes", action="store_true", help="do not ask before a search of over an hour")
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
    add("--wandb", choices=("online", "offline", "off"), help="where the curves go")
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    typed = sys.argv[1:] if argv is None else argv
    leaves_files = "--dry-run" not in typed  # which is nothing but what it prints
    return run_command(lambda: _main(parser().parse_args(typed)), lenient=leaves_files)


def _main(given: argparse.Namespace) -> int:
    run_folder = found_folder(given)
    if given.dry_run:
        return _dry_run(given, run_folder)
    summary = searched(given, run_folder)
    if summary is None:
        return 0
    if summary.signal is not None:
        return 128 + summary.signal
    return INTERRUPTED if summary.interrupted else 0


def found_folder(given: argparse.Namespace) -> RunFolder:
    """Return the run's folder, which may be one to be made."""
    return _run_folder(given, _shared(given))


def searched(given: argparse.Namespace, run_folder: RunFolder) -> SearchSummary | None:
    """Search as the options say; None where nothing was to be done: finished, it is shown again.

    Raises TunerError, also where nothing was found.
    """
    from tuner.backend.ray_backend import RayBackend  # noqa: PLC0415 - for --help
    from tuner.record.lock import sole_driver  # noqa: PLC0415
    from tuner.record.past import read_past  # noqa: PLC0415
    from tuner.search.claim import claimed  # noqa: PLC0415

    _check_new(given, run_folder)
    backend = RayBackend(given.address)
    new = None if given.resume else _space(given, run_folder, None)
    if new is not None:  # what is wrong is said before anything is made or waited for
        backend.check(new)
        _earlier(given, new)
        if not _agreed(given, new):
            return None

    def wanted(recorded: Space | None) -> Space:
        if new is None:
            return _space(given, run_folder, recorded)
        if recorded is not None:  # of a start between that look and the lock
            raise TunerError(_exists(run_folder, [run_folder.space.name]))
        return new

    with sole_driver(run_folder.absolute()):
        past = read_past(run_folder) if given.resume else None
        if past is not None and _is_shown(given, run_folder, past):
            return None
        with claimed(run_folder, wanted, storage=given.storage, past=past) as claim:
            if given.resume:
                backend.check(claim.space)
            earlier = _earlier(given, claim.space)
            return _search(given, replace(claim, earlier=earlier), backend)


def _is_shown(given: argparse.Namespace, run_folder: RunFolder, past: Past) -> bool:
    """Show a search that is finished here, whatever becomes of its storage; False where it is not.

    Raises TunerError where its result is not whole.
    """
    from tuner.record.compatibility import recorded_space  # noqa: PLC0415 - for --help
    from tuner.search.finished import show_finished  # noqa: PLC0415

    if not _is_whole(given, run_folder, past):
        return False
    space = _space(given, run_folder, recorded_space(run_folder))
    trials = show_finished(space, run_folder, past)
    if trials is None:
        return False
    _copy_shown(given, run_folder)
    _check_result(run_folder, trials, space.objective)
    return True


def _is_whole(given: argparse.Namespace, run_folder: RunFolder, past: Past) -> bool:
    """Whether the record is whole here. Raises TunerError where no storage may have more of it."""
    from tuner.durability.record_check import check_record  # noqa: PLC0415
    from tuner.durability.storage_choice import storage_of  # noqa: PLC0415 - for --help

    if not past.events:  # of a new run, or lost: what is said of that depends on the storage
        return False
    try:
        check_record(run_folder, past.history, local_storage(run_folder.path))
    except TunerError:
        if storage_of(run_folder, given.storage) is None:
            raise
        return False
    return True


def _copy_shown(given: argparse.Namespace, run_folder: RunFolder) -> None:
    """Bring the storage's copy up to date, should the driver that finished have failed at that."""
    from tuner.cli.output import say  # noqa: PLC0415 - for --help
    from tuner.durability.record_sync import FAILURES, RecordCopies  # noqa: PLC0415
    from tuner.durability.storage_choice import storage_of  # noqa: PLC0415

    try:
        storage = storage_of(run_folder, given.storage)
        if storage is not None:
            RecordCopies(run_folder, storage.within(run_folder.name)).copy_results()
    except FAILURES as error:
        say(f"The storage's copy may be behind: {error}")


def _agreed(given: argparse.Namespace, space: Space) -> bool:
    """Whether a long search on this machine shall start, asked where somebody is there."""
    from tuner.cli.output import say  # noqa: PLC0415 - for --help
    from tuner.planning.consent import agreed, somebody_is_there  # noqa: PLC0415
    from tuner.planning.epoch_timing import epoch_seconds  # noqa: PLC0415
    from tuner.planning.machine import find_machine  # noqa: PLC0415

    if given.yes or given.time_budget or _address(given) or not somebody_is_there():
        return True
    if agreed(space, find_machine(), epoch_seconds):
        return True
    say("Nothing was started.")
    return False


def _search(given: argparse.Namespace, claim: Claim, backend: Backend) -> SearchSummary | None:
    from tuner.search.finished import show_finished  # noqa: PLC0415 - for --help

    run_folder, objective = claim.run_folder, claim.space.objective
    shown = show_finished(claim.space, run_folder, claim.past) if given.resume else None
    if shown is not None:  # finished elsewhere, and fetched by now
        _check_result(run_folder, shown, objective)
        return None
    from tuner.results.leaderboard import best  # noqa: PLC0415
    from tuner.search.session import run_search  # noqa: PLC0415 - loads optuna

    summary = run_search(claim, backend, given.time_budget)
    if summary.failure:
        raise TunerError(f"The search gave up: {summary.failure}. See the logs under {run_folder}.")
    if summary.finished:
        _check_result(run_folder, summary.trials, objective)
    elif summary.out_of_budget and best(summary.trials, objective) is None:
        raise OutOfTime("The budget was used up before any trial had a score.")
    return summary


def _check_result(run_folder: RunFolder, trials: Sequence[TrialView], objective: str) -> None:
    """Raise TunerError where a search is over, and not all that it promises is there."""
    from tuner.results.no_result import lacking_best, nothing_found  # noqa: PLC0415 - for --help

    if said := nothing_found(run_folder, trials, objective) or lacking_best(trials):
        raise TunerError(said)


def _shared(given: argparse.Namespace) -> Storage | None:
    """Return the storage where other machines may keep runs, whose names are taken here too."""
    if given.storage is None and not os.environ.get(VARIABLE):
        return None
    from tuner.durability.storage_choice import named_storage  # noqa: PLC0415 - for --help

    return named_storage(given.storage)


def _run_folder(given: argparse.Namespace, shared: Storage | None) -> RunFolder:
    """Return the folder that --run says, or that follows from the space file's name."""
    from tuner.record.run_names import (  # noqa: PLC0415 - for --help
        check_runs,
        free_name,
        known_name,
        name_stem,
        newest_name,
        which_run,
    )

    runs: Path = given.runs
    if given.name is not None:
        named = run_path(given.name, runs, is_there=lambda path: _goes_on(given, path))
        check_runs(named.parent)
        return RunFolder(named.parent / known_name(named.name, named.parent))
    check_runs(runs)
    if given.space is None and given.resume:
        raise TunerError(which_run(runs))
    if given.space is None:
        raise TunerError(
            "Say what to search: --space search_spaces/quickstart.yaml; "
            "or which run should go on: --resume --run <name>."
        )
    stem, taken = name_stem(given.space), shared.names() if shared else ()
    if given.resume:
        for each in dict.fromkeys((stem, given.space.stem)):  # as earlier versions named it
            existing = newest_name(each, runs, taken, is_run=lambda n: _is_run(runs, n, shared))
            if existing:
                return RunFolder(runs / existing)
    return RunFolder(runs / free_name(stem, runs, taken))


def _goes_on(given: argparse.Namespace, path: Path) -> bool:
    """Whether there is a run that is to go on; a new one of a name alone is made in --runs."""
    return given.resume and RunFolder(path).holds_run()


def _is_run(runs: Path, name: str, shared: Storage | None) -> bool:
    """Whether there is a record to go on with: a start that came to nothing left none."""
    folder = RunFolder(runs / name)
    if folder.holds_run():
        return True
    from tuner.durability.storage_choice import is_kept  # noqa: PLC0415 - for --help

    return shared is not None and is_kept(shared, folder)


def _space(given: argparse.Namespace, run_folder: RunFolder, recorded: Space | None) -> Space:
    """Return the space to search, which may go on with the one that is recorded."""
    from tuner.record.compatibility import resumed_space  # noqa: PLC0415 - for --help

    if recorded is not None:
        wanted = _loaded(given, given.space or run_folder.space, recorded)
        return resumed_space(recorded, wanted, run_folder)
    if given.space is None:
        raise TunerError(_nothing_to_resume(given, run_folder))
    if isinstance(given.trials, More):
        raise TunerError(
            f"--trials {given.trials} adds to a run that there is: go on with it by --resume "
            f"--run <name>; a new search takes a number, --trials {given.trials.trials}."
        )
    space = _loaded(given, given.space)
    if files := run_folder.foreign_files():
        raise TunerError(_exists(run_folder, files))
    return space


def _exists(run_folder: RunFolder, files: Sequence[str]) -> str:
    remedy = "" if run_folder.space.name not in files else "go on with it by --resume, or "
    return (
        f"{run_folder} exists, with {', '.join(files[:3])} in it, and is never overwritten: "
        f"{remedy}start another search with --run."
    )


def _nothing_to_resume(given: argparse.Namespace, run_folder: RunFolder) -> str:
    if given.resume:
        from tuner.record.run_names import nearest_run  # noqa: PLC0415 - for --help

        like = nearest_run(run_folder)
        hint = f"nearest: {like}" if like else "start one with --space <file>"
        return f"{run_folder} holds no search to resume; {hint}."
    return "Say what to search with --space <file>, or go on with this run by --resume."


def _loaded(given: argparse.Namespace, path: Path, recorded: Space | None = None) -> Space:
    """Read the space, that of a new search where none is recorded.

    What is wrong with a shorthand is said of the option that was typed.
    """
    from tuner.planning.machine import find_machine  # noqa: PLC0415
    from tuner.space import load_space  # noqa: PLC0415

    machine = None if _address(given) else find_machine()
    said = {option: getattr(given, option) for option in _SHORTHANDS}
    typed = {
        f"{_SHORTHANDS[option]}={_meant(value, recorded)}": f"--{option} {value}"
        for option, value in said.items()
        if value is not None
    }
    try:
        return load_space(path, [*given.overrides, *typed], machine, new=recorded is None)
    except SpaceError as error:
        options = {f"--set {key}": option for key, option in typed.items()}
        raise error.with_origins(options) from None


def _meant(value: object, recorded: Space | None) -> object:
    if isinstance(value, More) and recorded is not None:
        return recorded.trials + value.trials
    return value


def _address(given: argparse.Namespace) -> str | None:
    from tuner.backend.address import named_address  # noqa: PLC0415

    return named_address(given.address)


def _check_new(given: argparse.Namespace, run_folder: RunFolder) -> None:
    """Raise TunerError where a search that is to begin with earlier runs has begun."""
    if not given.earlier:
        return
    from tuner.record.history import History  # noqa: PLC0415 - for --help
    from tuner.record.journal import read_journal  # noqa: PLC0415

    if History(read_journal(run_folder.journal)).trials:
        raise TunerError(
            f"--from is for a new search: {run_folder} has trials already, and what it began with "
            "is in its record. Leave it out, or start another search with --run."
        )


def _earlier(given: argparse.Namespace, space: Space) -> Sequence[EarlierRun]:
    """Return the runs that the search begins with."""
    if not given.earlier:
        return ()
    from tuner.cli.run_option import run_path  # noqa: PLC0415 - for --help
    from tuner.search.warm_start import earlier_runs  # noqa: PLC0415

    return earlier_runs([run_path(each) for each in given.earlier], space.detector)


def _dry_run(given: argparse.Namespace, run_folder: RunFolder) -> int:
    from tuner.cli.output import log_lines_shown, say  # noqa: PLC0415
    from tuner.durability.record_check import check_record  # noqa: PLC0415
    from tuner.durability.restore import at_hand  # noqa: PLC0415
    from tuner.durability.storage_choice import storage_of  # noqa: PLC0415
    from tuner.planning.dry_run import check_start, dry_run_text, found_splits, run_line  # noqa: PLC0415
    from tuner.planning.epoch_timing import epoch_seconds  # noqa: PLC0415
    from tuner.planning.machine import find_machine  # noqa: PLC0415
    from tuner.record.compatibility import recorded_space  # noqa: PLC0415
    from tuner.record.past import Past, read_past  # noqa: PLC0415
    from tuner.record.time_budget import time_budget  # noqa: PLC0415
    from tuner.search.time_budget import check_time  # noqa: PLC0415
    from tuner.space import resolve_scale  # noqa: PLC0415

    place = storage_of(run_folder, given.storage)
    with at_hand(place if given.resume else None, run_folder) as record:
        kept = local_storage(record.path) if place is None else place.within(record.name)
        past = read_past(record) if given.resume else Past()
        if given.resume:
            check_record(record, past.history, kept, mend=False)
        recorded = recorded_space(record) if given.resume else None
        space, goes_on = _space(given, record, recorded), recorded is not None
        trials = past.history.by_number if goes_on else None
    _check_new(given, run_folder)
    earlier = _earlier(given, space)
    check_start(run_folder, place, goes_on=goes_on)
    check_time(run_folder, past.history, space, given.time_budget)
    address = _address(given)
    machine = _cluster(address) if address else find_machine()
    probe = None if address else epoch_seconds
    say(run_line(space, run_folder, place, trials))
    if earlier:
        say(f"It begins with what {', '.join(each.name for each in earlier)} has found.")
    with log_lines_shown():  # the probe may download images
        splits = () if address else found_splits(resolve_scale(space, machine))
        budget = time_budget(past.history, space, given.time_budget)
        text = dry_run_text(space, machine, probe, trials or (), splits, budget)
    sys.stdout.write(text)
    return 0


def _cluster(address: str) -> Machine:
    from tuner.backend.ray_backend import connected  # noqa: PLC0415

    with connected(address) as machine:
        return machine


if __name__ == "__main__":
    leave(main())
