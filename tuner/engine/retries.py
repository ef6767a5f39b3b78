"""When a trial is tried again, and when a search is given up: pure rules over the trials."""

from collections.abc import Collection

from tuner.record.trials import TrialView
from tuner.space import Resources

HANGS = 2
"""So often in a row, without an epoch in between, a trial may hang: then it has failed."""
OUTAGES = 20
"""The same for workers out of reach of the storage: each waits 40 s by itself at least."""
HOPELESS = 3
"""Trials that fail before any epoch, with none that has reported: the search ends."""
HOPELESSLY_DIVERGED = 10
"""The same for trials that end without an epoch, however they end."""


def spent(trial: TrialView, resources: Resources, cause: str) -> str:
    """Why a trial that has lost its worker is not tried again; empty if it is."""
    losses, hangs = trial.in_a_row("lost"), trial.in_a_row("hung")
    outages = trial.in_a_row("out of reach")
    if hangs >= HANGS:
        return f"error: hung {hangs} times in a row; its log has the stacks"
    if losses > resources.infrastructure_retries:
        return f"error: worker lost {losses} times in a row" + (f": {cause}" if cause else "")
    if outages >= OUTAGES:
        return f"error: out of reach {outages} times in a row: {cause}"
    return ""


def hopeless(trials: Collection[TrialView], of: int) -> str:
    """Why a search of so many trials is given up; empty if it goes on.

    A mistake that breaks every trial should cost a few of them, not two hundred.
    """
    if any(trial.rows for trial in trials):  # of most searches the first: it is asked at every end
        return ""
    ended = [trial for trial in trials if trial.ended]
    failed = [trial for trial in ended if trial.state == "failed"]
    if len(failed) >= min(HOPELESS, of):
        return f"the first {len(failed)} trials failed: {failed[-1].reason}"
    if len(ended) >= min(HOPELESSLY_DIVERGED, of):
        why = f"none of the first {len(ended)} trials came through an epoch"
        return f"{why}; the last {ended[-1].reason}"
    return ""
