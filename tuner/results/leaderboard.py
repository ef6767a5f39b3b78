"""The ranking of a search's trials: pure functions from what the record knows.

Everything here is computed from validation scores. A diverged or failed trial has no place in the
ranking, whatever it had reached before.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.evaluation.standard_error import AUROC_ERROR
from tuner.objectives import metric_of
from tuner.record.trials import TrialView, of_stage
from tuner.results.device_time import device_seconds
from tuner.storage.files import replace_file

COLUMNS = {
    "number": "the trial's number, as in Optuna's study",
    "state": "`complete`, `pruned`, `failed`; `running` or `paused` in an interrupted search",
    "reason": "why it ended early: `asha`, `diverged: ...`, `collapsed: ...`, `error: ...`",
    "published": "the published set of hyperparameters that it tries, if any",
    "epochs": "epochs trained",
    "best_auroc": "highest validation AUROC of its last stage; empty where unranked",
    "best_auroc_se": "its standard error over other images, by Hanley and McNeil (1982)",
    "best_epoch": "the epoch of that AUROC",
    "objective": "the value of the search's objective",
    "seconds": "training time, the sum over its epochs as its worker spent them",
    "device_seconds": "its share of them where a pack trained several trials at once",
    "attempts": "how often it was started, retries and resumes included",
    "lost_workers": "attempts that ended because the worker or its machine was lost",
    "errors": "attempts that ended in an error of the training",
    "hangs": "attempts that were ended because they hung",
}
"""The columns of `trials.csv` before the hyperparameters, and what each holds."""
Cell = str | int | float | None
ERRORS = 2.0
"""So many standard errors a difference may have by chance."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A ranked trial: its objective's `value`, and the epoch whose row that value was read from.

    `since` is the first epoch of that epoch's stage: 1 where training has one stage. `error` is the
    standard error of a value that is an AUROC; None of any other, and where the record has none.
    """

    trial: TrialView
    value: float
    epoch: int
    since: int = 1
    error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How far the best trial lies above the best published set, both trained to their end."""

    best: Standing
    published: Standing

    @property
    def value(self) -> float:
        """Best minus published, in units of the objective."""
        return self.best.value - self.published.value

    @property
    def error(self) -> float | None:
        """The standard error of the gain, or None as of a standing.

        It is that of two trials on images of their own. Both are judged on the same, which makes
        it smaller by what only their scores could tell: what is shown by this is shown.
        """
        errors = (self.best.error, self.published.error)
        known = [error for error in errors if error is not None]
        return math.hypot(*known) if len(known) == len(errors) else None

    @property
    def is_shown(self) -> bool:
        """Whether chance in the images alone does not explain it, as far as that is known."""
        return self.error is None or self.value > ERRORS * self.error


def is_ranked(trial: TrialView) -> bool:
    """Whether the trial may hold a place: diverged and failed ones may not."""
    return trial.state != "failed" and not trial.diverged


def standing(trial: TrialView, objective: str) -> Standing | None:
    """Value of `objective` and its epoch; None without a finite value or outside the ranking.

    `best_auroc` is the highest `auroc` of any epoch of the last stage that the trial has reached
    (the latest of equals), `auroc` the last epoch's; `best_auprc` and `auprc` likewise.
    """
    if not is_ranked(trial):
        return None
    metric = metric_of(objective)
    rows = of_stage(trial.rows, trial.rows[-1].stage) if trial.rows else []
    values = [(row.metrics.get(metric, math.nan), row.epoch) for row in rows]
    if objective == metric:
        values = values[-1:]
    finite = [(value, epoch) for value, epoch in values if math.isfinite(value)]
    if not finite:
        return None
    value, epoch = max(finite)
    at = next(row for row in rows if row.epoch == epoch)
    error = at.metrics.get(AUROC_ERROR) if metric == "auroc" else None
    return Standing(trial=trial, value=value, epoch=epoch, since=rows[0].epoch, error=error)


def rank(trials: Sequence[TrialView], objective: str) -> list[Standing]:
    """Best first; of equal values the one with fewer epochs first, then the lower number.

    Trials that reached a later stage of the training come before those that did not.
    """
    return in_order(found for trial in trials if (found := standing(trial, objective)))


def in_order(standings: Iterable[Standing]) -> list[Standing]:
    """Standings as `rank` orders them."""
    key = lambda one: (-one.since, -one.value, one.trial.epochs, one.trial.number)  # noqa: E731
    return sorted(standings, key=key)


def best_so_far(standings: Iterable[Standing | None]) -> Iterator[Standing | None]:
    """The best of all standings up to each; of those of the same trial the latest counts."""
    latest: dict[int, Standing] = {}
    first: Standing | None = None
    for found in standings:
        if found is not None:
            latest[found.trial.number] = found
            if first is None or in_order([first, found])[0] is found:
                first = found
            elif found.trial.number == first.trial.number:  # its own value has fallen
                first = in_order(latest.values())[0]
        yield first


def best(trials: Sequence[TrialView], objective: str) -> Standing | None:
    """First of `rank`, or None where no trial has a valid value."""
    return next(iter(rank(trials, objective)), None)


def best_published(trials: Sequence[TrialView], objective: str) -> Standing | None:
    """The best of the published sets, or None."""
    return best([trial for trial in trials if trial.published], objective)


def tied_for_first(ranking: Sequence[Standing]) -> list[Standing]:
    """Those that reached the very value of the best, it itself first; of its stage."""
    first = ranking[0]
    return [one for one in ranking if (one.value, one.since) == (first.value, first.since)]


def level_with_best(ranking: Sequence[Standing]) -> list[Standing]:
    """Those of a ranking, the best apart, that chance in the images may have put behind it."""
    if not ranking or ranking[0].error is None:
        return []
    first = ranking[0]
    return [
        one
        for one in ranking[1:]
        if one.since == first.since
        and one.error is not None
        and first.value - one.value < ERRORS * math.hypot(one.error, ranking[0].error)
    ]


def unranked(trials: Sequence[TrialView]) -> list[TrialView]:
    """Diverged and failed trials, by number."""
    apart = [trial for trial in trials if not is_ranked(trial)]
    return sorted(apart, key=lambda trial: trial.number)


def gain(trials: Sequence[TrialView], objective: str) -> Gain | str:
    """Gain of the best trial over the published sets, or the sentence that says why there is none.

    A trial that was stopped early is no yardstick: both must have run to their full end.
    """
    ranking = rank(trials, objective)
    if not ranking:
        return "No gain over the published defaults: no trial has a valid score."
    if not any(trial.published for trial in trials):
        return "No gain over published settings to tell: none was tried."
    if ranking[0].trial.state != "complete":
        return (
            f"No gain over the published defaults: trial {ranking[0].trial.number}, the best, "
            "did not run to its end."
        )
    found = gain_in(ranking)
    return found or "No gain over the published defaults: none of them ran to its end."


def gain_in(ranking: Sequence[Standing]) -> Gain | None:
    """The same of a ranking; None where there is none to tell of."""
    complete = (one for one in ranking if one.trial.state == "complete")
    published = next((one for one in complete if one.trial.published), None)
    if published is None or ranking[0].trial.state != "complete":
        return None
    return Gain(best=ranking[0], published=published)


def unbeaten_text(best: Standing) -> str:
    """What is said of a best trial that is a published set."""
    return f"The published set {best.trial.published} is the best: nothing beat it."


def value_text(found: Standing) -> str:
    """The value, with its standard error where it has one."""
    return f"{found.value:.4f}" + ("" if found.error is None else f" ± {found.error:.4f}")


def one_line(text: str) -> str:
    """`text` without line breaks and runs of blanks, for places that hold one line."""
    return " ".join(text.split())


def write_trials_csv(path: Path, trials: Sequence[TrialView], objective: str) -> None:
    """Write a row per trial, by number; a reader finds the old file or the new one, never a part.

    `seconds` is the sum over epochs as the trial's worker spent them; of those of a pack, whose
    lanes train at the same time, `device_seconds` has the trial's share. Scores stay empty for
    trials outside the ranking. Every hyperparameter of any trial has a column, empty where a trial
    does not have it or it is inactive. `attempts` and what cut them short are counted from the
    search's beginning, by all its drivers.
    """

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table(trials, objective))

    replace_file(path, write)


def table(trials: Sequence[TrialView], objective: str) -> list[list[Cell]]:
    """The rows of `trials.csv`, the names of its columns first; None is an empty cell."""
    on_device = device_seconds(trials)
    names = list(dict.fromkeys(name for trial in trials for name in trial.hyperparameters))
    rows: list[list[Cell]] = [[*COLUMNS, *names]]
    for trial in sorted(trials, key=lambda trial: trial.number):
        values = [trial.settings.get(name) for name in names]
        rows.append([*_record_cells(trial, objective, on_device[trial.number]), *values])
    return rows


def _record_cells(trial: TrialView, objective: str, on_device_s: float) -> list[Cell]:
    found, auroc = standing(trial, objective), standing(trial, "best_auroc")
    return [
        trial.number,
        trial.state,
        one_line(trial.reason),
        trial.published,
        trial.epochs,
        None if auroc is None else auroc.value,
        None if auroc is None else auroc.error,
        None if auroc is None else auroc.epoch,
        None if found is None else found.value,
        sum(row.seconds for row in trial.rows),
        on_device_s,
        trial.attempts,
        trial.count("lost", "out of reach"),
        trial.count("error"),
        trial.count("hung"),
    ]
