"""What is said of a search that is over and has found nothing: no trial has a score."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.record.compatibility import recorded_space
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.lock import driver_of
from tuner.record.run_folder import RunFolder
from tuner.record.storage_name import place_name
from tuner.record.trials import TrialView
from tuner.results.leaderboard import best, one_line
from tuner.storage import NONE
from tuner.storage.checkpoints import log_key
from tuner.storage.files import as_typed


def nothing_found(run_folder: RunFolder, trials: Sequence[TrialView], objective: str) -> str:
    """Say why none of the trials, which have all ended, can be retrained; "" where one can."""
    if not trials or best(trials, objective) is not None:
        return ""
    failed = [trial for trial in trials if trial.state == "failed"]
    last = (failed or trials)[-1]
    reason = one_line(last.reason).removeprefix("error: ") or f"no finite {objective} in any epoch"
    return f"{_what(trials, failed)}: {reason}; see {_place(run_folder)}/{log_key(last.number)}"


def no_best(run_folder: RunFolder) -> str:
    """Say why a run has no best.yaml, and what to do."""
    if said := nothing_recorded(run_folder):
        return said
    if (driver := driver_of(run_folder)) is not None:
        return f"{run_folder} is still being searched ({driver}): wait for its end"
    resume = command("tuner.search", "--resume", *run_words(run_folder.path))
    return (
        f"{run_folder} has no {run_folder.best.name} yet: let the search end first, with {resume}"
    )


def nothing_recorded(run_folder: RunFolder) -> str:
    """Say the same of a run by its record; "" where the search has work left to do."""
    space, history = recorded_space(run_folder), History(read_journal(run_folder.journal))
    if space is None or not history.is_over(space.trials):
        return ""
    return nothing_found(run_folder, history.by_number, space.objective)


def lacking_best(trials: Sequence[TrialView]) -> str:
    """Say of which trials the best detector could not be written; "" where of none."""
    numbers = [trial.number for trial in trials if trial.lacks_best]
    if not numbers:
        return ""
    noun = "trial" if len(numbers) == 1 else "trials"
    return (
        f"The best detector of {noun} {', '.join(map(str, numbers))} could not be written: there "
        "was no room, or the storage was out of reach. The record has all figures, and a retrain "
        "needs none of these files."
    )


def _what(trials: Sequence[TrialView], failed: Sequence[TrialView]) -> str:
    if len(failed) < len(trials):
        return "no trial has a score"
    return f"all {len(trials)} trials failed" if len(trials) > 1 else "the only trial failed"


def _place(run_folder: RunFolder) -> str:
    """Where the trials' files are: the run's own folder, or its part of a storage."""
    named = place_name(run_folder)
    if named == NONE:
        return str(as_typed(run_folder.path.absolute()))
    return f"{named.rstrip('/')}/{run_folder.name}"
