"""A search as its options ask for it: new, going on, or finished and shown again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tuner.errors import OutOfTime, TunerError
from tuner.record.run_folder import RunFolder
from tuner.search.named_run import check_new, earlier_of
from tuner.search.wanted_space import address_of, exists_text, wanted_space
from tuner.storage import local_storage

if TYPE_CHECKING:
    from tuner.record.past import Past
    from tuner.record.trials import TrialView
    from tuner.search.backend import Backend
    from tuner.search.claim import Claim
    from tuner.search.summary import SearchSummary
    from tuner.space import Space


def searched(given: argparse.Namespace, run_folder: RunFolder) -> SearchSummary | None:
    """Search as the options say; None where nothing was to be done: finished, it is shown again.

    Raises TunerError, also where nothing was found.
    """
    from tuner.backend.ray_backend import RayBackend  # noqa: PLC0415 - for --help
    from tuner.record.lock import sole_driver  # noqa: PLC0415
    from tuner.record.past import read_past  # noqa: PLC0415
    from tuner.search.claim import claimed  # noqa: PLC0415

    backend = RayBackend(given.address)
    new = None if given.resume else wanted_space(given, run_folder, None)
    if new is not None:  # what is wrong is said before anything is made or waited for
        backend.check(new)
        earlier_of(given, new)
        if not _agreed(given, new):
            return None

    def wanted(recorded: Space | None) -> Space:
        if new is None:
            return wanted_space(given, run_folder, recorded)
        if recorded is not None:  # of a start between that look and the lock
            raise TunerError(exists_text(run_folder, [run_folder.space.name]))
        return new

    with sole_driver(run_folder.absolute()):
        past = read_past(run_folder) if given.resume else None
        check_new(given, run_folder, past.events if past else ())
        if past is not None and _is_shown(given, run_folder, past):
            return None
        with claimed(run_folder, wanted, storage=given.storage, past=past) as claim:
            if given.resume:
                backend.check(claim.space)
            check_new(given, run_folder, claim.past.events)  # of which the storage may know more
            earlier = earlier_of(given, claim.space)
            return _search(given, replace(claim, earlier=earlier), backend)


def _is_shown(given: argparse.Namespace, run_folder: RunFolder, past: Past) -> bool:
    """Show a search that is finished here, whatever becomes of its storage; False where it is not.

    Raises TunerError where its result is not whole.
    """
    from tuner.record.compatibility import recorded_space  # noqa: PLC0415 - for --help
    from tuner.search.finished import show_finished  # noqa: PLC0415

    if not _is_whole(given, run_folder, past):
        return False
    space = wanted_space(given, run_folder, recorded_space(run_folder))
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
    """Whether a long search here, or one that costs money on a cluster, shall start.

    It is asked where somebody is there.
    """
    from tuner.cli.output import say  # noqa: PLC0415 - for --help
    from tuner.planning import consent  # noqa: PLC0415
    from tuner.planning.epoch_timing import epoch_seconds  # noqa: PLC0415
    from tuner.planning.machine import find_machine  # noqa: PLC0415

    limit_s = given.time_budget or space.budget.time
    limited = limit_s is not None and limit_s <= consent.ASK_ABOVE_S
    if given.yes or not consent.somebody_is_there():
        return True
    if address_of(given):
        agreed = consent.agreed_to_pay(space)
    else:
        agreed = limited or consent.agreed(space, find_machine(), epoch_seconds)
    if agreed:
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
