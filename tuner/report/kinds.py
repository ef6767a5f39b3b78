"""The kinds of trials that a report tells apart, and how each is drawn."""

from dataclasses import dataclass

from tuner.figures.colours import COMPLETE, DIVERGED, STOPPED
from tuner.record.trials import TrialView
from tuner.results.leaderboard import is_ranked


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind by its name; `open` are the marks of those that may still go on."""

    name: str
    colour: str
    open: bool = False

    @property
    def symbol(self) -> str:
        """Of its points."""
        return "circle-open" if self.open else "circle"


CUT = Kind(name="stopped early", colour=STOPPED)
WAITING = Kind(name="paused or unfinished", colour=STOPPED, open=True)
APART = Kind(name="diverged or failed", colour=DIVERGED)
WHOLE = Kind(name="ran to the end", colour=COMPLETE)
KINDS = (CUT, WAITING, APART, WHOLE)
"""As they are drawn, one over the other."""


def kind_of(trial: TrialView) -> Kind:
    """The kind of a trial."""
    if not is_ranked(trial):
        return APART
    return {"complete": WHOLE, "pruned": CUT}.get(trial.state, WAITING)
