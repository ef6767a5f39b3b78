"""What the console says, as plain lines of at most 80 columns: pure functions, no printing."""

import math
import textwrap
from collections.abc import Sequence

from tuner.cli.text import INACTIVE, counted, setting_text
from tuner.objectives import metric_of
from tuner.record.trials import EndReason, EpochRow, TrialView, of_stage
from tuner.results.leaderboard import (
    ERRORS,
    Gain,
    Standing,
    gain,
    gain_in,
    level_with_best,
    one_line,
    rank,
    unbeaten_text,
    unranked,
    value_text,
)

WIDTH = 80
_PLACES = 10


def fit(text: str, width: int = WIDTH) -> str:
    """`text` as one line of at most `width` columns, its end cut off where it is longer."""
    line = text.replace("\n", " ").rstrip()
    return line if len(line) <= width else line[: width - 3] + "..."


def score_text(value: float | None) -> str:
    """Six columns: four decimals, or a dash for what is missing or not finite."""
    return f"{value:6.4f}" if value is not None and math.isfinite(value) else "     -"


def duration_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: 3:05, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def best_so_far(trial: TrialView, objective: str) -> float | None:
    """Highest finite value of the objective's metric in the stage that the trial is in."""
    metric = metric_of(objective)
    rows = of_stage(trial.rows, trial.rows[-1].stage) if trial.rows else []
    values = [row.metrics.get(metric, math.nan) for row in rows]
    return max((value for value in values if math.isfinite(value)), default=None)


def epoch_line(trial: TrialView, row: EpochRow, objective: str, epochs: int) -> str:
    """One epoch's result, with its stage where there are several: the best is of that one."""
    metric = metric_of(objective)
    value, highest = score_text(row.metrics.get(metric)), best_so_far(trial, objective)
    done = f"{row.epoch:>{len(str(epochs))}}/{epochs}"
    return fit(
        f"trial {trial.number:>3}  epoch {done}  {metric} {value}  "
        f"best {score_text(highest)}  {row.seconds:6.1f} s  {row.stage}"
    )


def ended_line(trial: TrialView, found: Standing | None) -> str:
    """How a trial ended, with its score where it has a valid one."""
    line = f"trial {trial.number:>3}  {ending(trial)}"
    if found is not None:
        line += f": best {value_text(found)}, epoch {found.epoch}"
    elif trial.state != "failed":
        line += ", not ranked"
    return fit(line)


def ending(trial: TrialView, *, with_rung: bool = True) -> str:
    """State and reason in a few words."""
    if trial.state == "failed":
        return f"failed: {one_line(trial.reason).removeprefix('error: ')}"
    if trial.diverged:
        word, _, why = one_line(trial.reason).partition(": ")
        return f"{word} after {counted(trial.epochs, 'epoch')}" + (f": {why}" if why else "")
    if trial.state not in ("paused", "pruned"):
        return trial.state
    if trial.reason not in ("", EndReason.EARLY_STOPPING.word):
        return f"stopped ({one_line(trial.reason)})"
    what = "paused" if trial.state == "paused" else "stopped by ASHA"
    decision = trial.decision
    if not with_rung or decision is None or decision.rank is None:
        return what
    return f"{what} at rung {decision.rung} (rank {decision.rank} of {decision.of})"


def count_text(trials: Sequence[TrialView]) -> str:
    """Trials by how they ended."""
    counts = ended_counts(trials)
    return "   ".join(f"{count} {how}" for how, count in counts.items() if count or how != "paused")


def ended_counts(trials: Sequence[TrialView]) -> dict[str, int]:
    """How many trials ended how, or are paused."""
    diverged = sum(trial.diverged for trial in trials)
    complete = sum(trial.state == "complete" for trial in trials)
    stopped = sum(trial.state == "pruned" for trial in trials) - diverged
    failed = sum(trial.state == "failed" for trial in trials)
    paused = sum(trial.state == "paused" for trial in trials)
    return {
        "complete": complete,
        "stopped": stopped,
        "diverged": diverged,
        "failed": failed,
        "paused": paused,
    }


def leaderboard_lines(trials: Sequence[TrialView], objective: str, epochs: int) -> list[str]:
    """The best trials, the published sets wherever they stand, and who is not ranked and why."""
    ranking = rank(trials, objective)
    label = objective.replace("_", " ")
    width = max([len(label), *(len(value_text(found)) for found in ranking)])
    lines = [f"rank  trial  {label:>{width}}  at epoch  epochs  state"]
    for place, found in enumerate(ranking, start=1):
        if place <= _PLACES or found.trial.published:
            lines.append(_place_line(place, found, epochs, width))
    if not ranking:
        lines = ["No trial has a valid score."]
    apart = unranked(trials)
    if apart:
        lines += ["", "not ranked:"]
    lines += [fit(f"      {trial.number:>5}  {ending(trial)}") for trial in apart[:_PLACES]]
    if len(apart) > _PLACES:
        lines.append(f"             and {len(apart) - _PLACES} more, all in trials.csv")
    return lines


def _place_line(place: int, found: Standing, epochs: int, width: int) -> str:
    trial = found.trial
    state = "interrupted" if trial.state == "running" else ending(trial, with_rung=False)
    name = f"  published {trial.published}" if trial.published else ""
    done = f"{trial.epochs}/{epochs}"
    return fit(
        f"{place:>4}  {trial.number:>5}  {value_text(found):>{width}}  {found.epoch:>8}  "
        f"{done:>6}  "
        f"{state}{name}"
    )


def best_lines(trials: Sequence[TrialView], objective: str) -> list[str]:
    """The best trial's hyperparameters, those in which the trials differ.

    All of them where they differ in none, and where none but published sets have run: nothing was
    varied yet.
    """
    ranking = rank(trials, objective)
    if not ranking:
        return []
    best = ranking[0].trial
    varied = any(not trial.published for trial in trials) and len(trials) > 1
    differing = [
        name
        for name in best.hyperparameters
        if len({str(trial.settings.get(name)) for trial in trials}) > 1
    ]
    shown = (differing if varied else []) or list(best.hyperparameters)
    width = max(map(len, shown), default=0)
    label = objective.replace("_", " ")
    lines = [f"best: trial {best.number}, {label} {value_text(ranking[0])}"]
    texts = ((name, setting_text(best.settings.get(name, INACTIVE))) for name in shown)
    return lines + [fit(f"  {name:<{width}}  {text}") for name, text in texts]


def gain_lines(trials: Sequence[TrialView], objective: str) -> list[str]:
    """The gain over the published defaults and what it is worth, or why there is none."""
    found = gain(trials, objective)
    if not isinstance(found, Gain):
        return textwrap.wrap(found, WIDTH)
    name, value = found.published.trial.published, found.published.value
    if found.best.trial.published:
        return [unbeaten_text(found.best)]
    label = objective.replace("_", " ")
    error = "" if found.error is None else f" ± {found.error:.4f}"
    lines = textwrap.wrap(
        f"gain over the published {name}: {found.value:+.4f}{error} {label} "
        f"({value:.4f} -> {found.best.value:.4f})",
        WIDTH,
    )
    if not found.is_shown:
        lines.append(
            f"no gain shown: it is less than {ERRORS:g} standard errors (±), which chance explains"
        )
    return [
        *lines,
        "both on validation images, one seed each; retrain measures them on test images",
    ]


def doubt_lines(trials: Sequence[TrialView], objective: str) -> list[str]:
    """What ± is, and how many trials cannot be told from the best by these images."""
    ranking = rank(trials, objective)
    if not ranking or ranking[0].error is None:
        return []
    lines = ["± is one standard error (Hanley and McNeil), of the validation images alone."]
    if level := len(level_with_best(ranking)):
        lines.append(
            f"{level} of the {counted(len(ranking) - 1, 'other ranked trial')} "
            f"{'lies' if level == 1 else 'lie'} within {ERRORS:g} standard errors of the best: "
            "chance alone may have ordered them."
        )
    return [line for text in lines for line in textwrap.wrap(text, WIDTH)]


def published_text(ranking: Sequence[Standing]) -> str:
    """The best published set so far and the gain over it, or an empty text."""
    published = next((one for one in ranking if one.trial.published), None)
    if published is None:
        return ""
    text = f"published {value_text(published)} ({published.trial.published})"
    found = gain_in(ranking)
    if found is None or found.best.trial.published:
        return text
    error = "" if found.error is None else f" ± {found.error:.4f}"
    return f"{text}   gain {found.value:+.4f}{error}"


def rung_text(trial: TrialView) -> str:
    """Where a trial stood at the last rung that it has passed: 1 (2 of 5)."""
    passed = [each.decision for each in trial.decisions if each.decision.rung is not None]
    if not passed:
        return "-"
    last = passed[-1]
    return f"{last.rung}" if last.rank is None else f"{last.rung} ({last.rank} of {last.of})"


def trouble_line(trial: TrialView) -> str:
    """What last went wrong with a trial, which may have gone on since."""
    if trial.ended or not trial.interruptions:
        return f"trial {trial.number:>3}  {ending(trial)}"
    last = trial.interruptions[-1]
    cause = f": {one_line(last.cause)}" if last.cause else ""
    return f"trial {trial.number:>3}  {last.kind}, is tried again{cause}"
