"""A search that is over, as W&B is told of it: leaderboard, best configuration, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from models.hyperparameters import Value
from tuner.record.run_folder import RunFolder
from tuner.record.trials import TrialView
from tuner.results.leaderboard import Standing, gain, one_line, rank
from tuner.tracking.told import Searched


def searched(
    trials: Sequence[TrialView], objective: str, folder: RunFolder, *, finished: bool, failure: str
) -> Searched:
    """What the search's own run holds; its files are those that were written.

    `failure` is why the search gave up, if it did.
    """
    ranking = rank(trials, objective)
    names = list(dict.fromkeys(name for trial in trials for name in trial.hyperparameters))
    ended = "failed" if failure else "interrupted"
    made = (folder.page, folder.best, folder.table, folder.curves)
    return Searched(
        state="complete" if finished else ended,
        reason=one_line(failure),
        columns=["place", "number", "state", "published", "epochs", objective, *names],
        rows=[_row(place, one, names) for place, one in enumerate(ranking, start=1)],
        best=ranking[0].trial.settings if ranking else {},
        figures=_figures(trials, objective, ranking),
        files=[path for path in made if path.is_file()],
    )


def _row(place: int, one: Standing, names: Sequence[str]) -> list[Value | None]:
    trial = one.trial
    settings = (trial.settings.get(name) for name in names)
    return [place, trial.number, trial.state, trial.published, trial.epochs, one.value, *settings]


def _figures(
    trials: Sequence[TrialView], objective: str, ranking: Sequence[Standing]
) -> dict[str, Value]:
    states = Counter(trial.state for trial in trials)
    figures: dict[str, Value] = {f"trials/{state}": number for state, number in states.items()}
    if ranking:
        best = ranking[0]
        figures |= {"best/trial": best.trial.number, "best/epoch": best.epoch}
        figures[f"best/{objective}"] = best.value
    found = gain(trials, objective)
    return figures if isinstance(found, str) else {**figures, "gain_over_published": found.value}
