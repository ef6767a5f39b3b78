"""All trials, best first; what a click on one shows."""

import math
from collections.abc import Sequence
from typing import Any

from tuner.cli.text import counted
from tuner.console.lines import ended_counts, ending
from tuner.figures.colours import BEST_TRIAL
from tuner.record.trials import EndReason, EpochRow, TrialView
from tuner.report.log_lines import logs
from tuner.report.material import Material, setting_texts
from tuner.report.rungs import Places, final_places, place_text
from tuner.report.section import Section, epoch_axis, rounded
from tuner.results.device_time import device_seconds
from tuner.results.leaderboard import value_text

SHOWN = 15
"""Rows that are seen at once where there are many more; a button shows the others."""
_FEW_MORE = 10


def section(material: Material) -> Section:
    """A row for each trial, and its curve, settings and log for the page's script."""
    places = {one.trial.number: place for place, one in enumerate(material.ranking, 1)}
    ordered = [one.trial for one in material.ranking]
    ordered += [trial for trial in material.trials if trial.number not in places]
    return Section(
        key="leaderboard",
        title="Leaderboard",
        sentence=_sentence(material, len(ordered) - len(places)),
        context={
            "objective": _objective(material),
            "where": material.metric_title,
            "searched": material.searched,
            "rows": _rows(material, ordered),
            "shown": SHOWN if len(ordered) > SHOWN + _FEW_MORE else len(ordered),
            "error": any(one.error is not None for one in material.ranking),
        },
        data={
            "trials": _details(material),
            "metric": material.metric_title,
            "epoch_axis": epoch_axis(max((t.epochs for t in material.trials), default=1)),
            "mark": BEST_TRIAL,
        },
    )


def _sentence(material: Material, apart: int) -> str:
    counts = ended_counts(material.trials).items()
    words = ", ".join(f"{count} {how}" for how, count in counts if count) or "none has ended"
    unranked = f"; {counted(apart, 'trial')} not ranked" if apart else ""
    return f"{counted(len(material.trials), 'trial')}: {words}{unranked}."


def _objective(material: Material) -> str:
    """ "best AUROC" or "AUROC", that of the last epoch."""
    best = "best " if material.space.objective != material.metric else ""
    return f"{best}{material.metric.upper()}"


def _rows(material: Material, ordered: Sequence[TrialView]) -> list[dict[str, Any]]:
    standings = {one.trial.number: (place, one) for place, one in enumerate(material.ranking, 1)}
    on_device, at_rungs = device_seconds(material.trials), final_places(material)
    rows = []
    for trial in ordered:
        place, found = standings.get(trial.number, (None, None))
        texts = setting_texts(trial, material.searched)
        rows.append(
            {
                "number": trial.number,
                "place": place,
                "value": None if found is None else found.value,
                "shown": "" if found is None else value_text(found),
                "epoch": None if found is None else found.epoch,
                "epochs": trial.epochs,
                "state": _state(trial, at_rungs),
                "published": trial.published or "",
                "seconds": round(on_device[trial.number], 1),
                "settings": [
                    (trial.settings.get(name, ""), texts.get(name, ""))
                    for name in material.searched
                ],
            }
        )
    return rows


def _state(trial: TrialView, at_rungs: Places) -> str:
    """How it ended; of one that early stopping ended, how it ranks among all that came as far."""
    if trial.state == "running":
        return "unfinished"
    stopped = trial.end is EndReason.EARLY_STOPPING
    there = place_text(at_rungs, trial) if stopped or trial.state == "paused" else ""
    if not there:
        return ending(trial)
    return f"{'stopped early' if stopped else 'paused'}: {there}"


def _loss(row: EpochRow, name: str) -> float | None:
    """None where an epoch had none, as those of another stage, or none that can be drawn."""
    value = row.losses.get(name, math.nan)
    return rounded(value, 4) if math.isfinite(value) else None


def _details(material: Material) -> dict[str, dict[str, Any]]:
    said = logs(material)
    return {
        str(trial.number): _of(material, trial, said[trial.number]) for trial in material.trials
    }


def _of(material: Material, trial: TrialView, log: list[str]) -> dict[str, Any]:
    points = material.curve(trial)
    names = dict.fromkeys(name for row in trial.rows for name in row.losses)
    losses = {name: [_loss(row, name) for row in trial.rows] for name in names}
    return {
        "published": trial.published or "",
        "epochs": [epoch for epoch, _ in points],
        "values": [rounded(value) for _, value in points],
        "loss_epochs": [row.epoch for row in trial.rows],
        "losses": losses,
        "settings": setting_texts(trial, material.searched),
        "log": log,
    }
