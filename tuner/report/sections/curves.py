"""Every trial's epochs, and where and why early stopping stopped or paused it."""

from collections.abc import Iterable, Sequence
from typing import Any

from tuner.cli.text import counted
from tuner.engine.early_stopping import rungs_of
from tuner.figures.colours import BEST_TRIAL, GUIDE, PUBLISHED
from tuner.record.trials import EndReason, TrialView
from tuner.report.kinds import KINDS, Kind, kind_of
from tuner.report.log_lines import compared_text
from tuner.report.material import Material
from tuner.report.rungs import final_places, place_text
from tuner.report.section import (
    Figure,
    Section,
    epoch_axis,
    good_range,
    layout,
    outside_text,
    rounded,
)
from tuner.report.words import listed

_Points = dict[str, list[Any]]


def section(material: Material) -> Section:
    """The curves; a point says which trial it is of."""
    return Section(
        key="curves",
        title="Learning curves",
        sentence=_sentence(material),
        context={
            "any": any(trial.rows for trial in material.trials),
            "about": _about(material),
            "stops": _stops(material),
        },
        figures={"curves": figure(material)},
    )


def _sentence(material: Material) -> str:
    rungs, epochs = rungs_of(material.space), counted(material.space.epochs, "epoch")
    if not rungs:
        return f"Every trial trains {epochs}: there is no early stopping."
    stopped = sum(1 for trial in material.trials if _was_cut(trial))
    waiting = sum(1 for trial in material.trials if trial.state == "paused")
    words = f"early stopping ended {stopped}"
    words += f" and has {waiting} waiting" if waiting else ""
    at = listed(list(map(str, rungs)))
    ends = f"epoch {at}" if len(rungs) == 1 else f"epochs {at}"
    return f"Of {counted(len(material.trials), 'trial')} {words}; trials are compared after {ends}."


def _about(material: Material) -> str:
    """What the figure shows, by the kind of search."""
    words = ["Each line is a trial: its value after each epoch."]
    if rungs_of(material.space):
        part = material.space.scheduler.reduction_factor
        words.append(
            "At the broken lines, the rungs, early stopping compares the trials that have come so "
            f"far, and about one in {part} goes on. A full dot is where it ended a trial, an open "
            "one where a trial waits; point at it for its rank, then and in the end."
        )
        if any(trial.published for trial in material.trials):
            words.append("Published sets are never stopped, wherever they rank.")
    words.append(outside_text(_values(material)))
    return " ".join(filter(None, words))


def _values(material: Material) -> list[float]:
    return [value for trial in material.trials for _, value in material.curve(trial)]


def _was_cut(trial: TrialView) -> bool:
    return trial.end is EndReason.EARLY_STOPPING


def _stops(material: Material) -> list[dict[str, Any]]:
    """At each rung: how many came, went on, were paused and were stopped there, in the end."""
    found: dict[int, dict[str, Any]] = {
        rung: {"rung": rung, "came": 0, "on": 0, "paused": 0, "stopped": 0}
        for rung in rungs_of(material.space)
    }
    for trial in material.trials:
        rungs = {one.decision.rung for one in trial.decisions}
        for rung in [each for each in rungs_of(material.space) if each in rungs]:
            found[rung]["came"] += 1
            if trial.epochs > rung:
                found[rung]["on"] += 1
            elif trial.state == "paused":
                found[rung]["paused"] += 1
            elif _was_cut(trial):
                found[rung]["stopped"] += 1
    return list(found.values())


def figure(material: Material) -> Figure:
    """One trace for each kind of trial, the best and the published sets apart."""
    best = material.ranking[0].trial if material.ranking else None
    plain = [t for t in material.trials if t is not best and not t.published]
    traces = [trace for kind in KINDS if (trace := _lines(material, plain, kind))]
    traces += _ends(material, plain)
    colours = iter(PUBLISHED * len(material.trials))
    for trial in material.trials:
        if trial.published and trial is not best:
            traces.append(_named(material, trial, f"published {trial.published}", next(colours)))
    if best is not None:
        also = f", published {best.published}" if best.published else ""
        traces.append(_named(material, best, f"best: trial {best.number}{also}", BEST_TRIAL))
    rungs = [_rung_line(rung) for rung in rungs_of(material.space)]
    longest = max((trial.epochs for trial in material.trials), default=1)
    axis = epoch_axis(longest) | {"range": [0.7, longest + 0.3]}
    good = good_range(_values(material))
    view = layout("epoch", material.metric_title, shapes=rungs, xaxis=axis, yaxis={"range": good})
    return {"data": traces, "layout": view | {"hovermode": "closest"}}


def _lines(material: Material, trials: Sequence[TrialView], kind: Kind) -> dict[str, Any] | None:
    """All curves of a kind as one trace, with gaps between them."""
    chosen = [trial for trial in trials if kind_of(trial) is kind and trial.rows]
    if not chosen:
        return None
    points = _joined((trial.number, material.curve(trial)) for trial in chosen)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{kind.name} ({len(chosen)})",
        "line": {"color": kind.colour, "width": 1.4, "dash": "dot" if kind.open else "solid"},
        "opacity": 0.75,
        "hovertemplate": "trial %{text}, epoch %{x}: %{y:.4f}<extra></extra>",
        **points,
    }


def _joined(curves: Iterable[tuple[int, list[tuple[int, float]]]]) -> _Points:
    found: _Points = {"x": [], "y": [], "text": []}
    for number, points in curves:
        found["x"] += [*(epoch for epoch, _ in points), None]
        found["y"] += [*(rounded(value) for _, value in points), None]
        found["text"] += [number] * (len(points) + 1)
    return found


def _ends(material: Material, trials: Sequence[TrialView]) -> list[dict[str, Any]]:
    """A mark at the end of each trial that early stopping stopped or paused, with the reason."""
    kinds: dict[Kind, _Points] = {}
    places = final_places(material)
    for trial in trials:
        decision, points, kind = trial.decision, material.curve(trial), kind_of(trial)
        cut = trial.state == "paused" or _was_cut(trial)
        if not points or decision is None or decision.rung is None or not cut:
            continue
        found = kinds.setdefault(kind, {"x": [], "y": [], "text": []})
        found["x"].append(points[-1][0])
        found["y"].append(rounded(points[-1][1]))
        in_the_end = place_text(places, trial)
        found["text"].append(
            f"trial {trial.number}, {compared_text(decision)}"
            + (f"<br>in the end {in_the_end}" if in_the_end else "")
        )
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{'paused' if kind.open else 'stopped'} here ({len(points['x'])})",
            "marker": {
                "color": kind.colour,
                "size": 6,
                "symbol": kind.symbol,
                "line": {"width": 1.5, "color": kind.colour},
            },
            "hovertemplate": "%{text}<br>%{y:.4f}<extra></extra>",
            **points,
        }
        for kind, points in kinds.items()
    ]


def _named(material: Material, trial: TrialView, name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "line": {"color": colour, "width": 2.4},
        "marker": {"size": 5},
        "hovertemplate": "trial %{text}, epoch %{x}: %{y:.4f}<extra></extra>",
        **_joined([(trial.number, material.curve(trial))]),
    }


def _rung_line(rung: int) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": rung,
        "x1": rung,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"dash": "dot", "width": 1, "color": GUIDE},
        "layer": "below",
    }
