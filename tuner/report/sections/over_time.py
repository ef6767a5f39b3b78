"""The search over time: the best so far, each worker's occupation, faults and resumes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tuner.cli.text import counted, duration
from tuner.figures.colours import ALARM, BEST_TRIAL, DIVERGED
from tuner.record.events import EpochReported
from tuner.record.trials import Hindrance
from tuner.report.kinds import kind_of
from tuner.report.material import Material
from tuner.report.occupation import Stretch, faults, in_rows, resumes, stretches
from tuner.report.savings import saved
from tuner.report.section import Figure, Section, rounded
from tuner.results.leaderboard import Standing, best_so_far, standing

_UNITS = ((5400.0, 3600.0, "hours"), (120.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
_FAULTS: dict[Hindrance, tuple[str, str]] = {
    "lost": ("worker lost", "x"),
    "out of reach": ("out of reach", "diamond"),
    "hung": ("hung", "hourglass"),
    "error": ("training failed", "triangle-down"),
}
_ROW = 16  # pixels


def section(material: Material) -> Section:
    """The picture, and what early stopping has saved."""
    rows = list(in_rows(stretches(material)))
    wrong, begun = list(faults(material)), resumes(material)
    return Section(
        key="time",
        title="Over time",
        sentence=_sentence(material, len(wrong), len(begun)),
        context={"any": bool(rows), "height": 330 + _ROW * min(len(rows), 60)},
        figures={"time": figure(material, rows)} if rows else {},
    )


def _sentence(material: Material, wrong: int, begun: int) -> str:
    share = saved(material)
    words = f"The search took {duration(material.history.seconds)}"
    words += f", with {counted(wrong, 'fault')}" if wrong else ", without a fault"
    words += f", and was resumed {_times(begun)}" if begun else ""
    if share.epochs:
        words += f"; early stopping saved {share.share:.0%} of its epochs"
    return f"{words}."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def figure(material: Material, rows: Sequence[tuple[str, list[Stretch]]]) -> Figure:
    """Above the best so far, below a row for each slot, on one axis of time."""
    unit, word = next((u, w) for least, u, w in _UNITS if material.history.seconds >= least)
    below = min(0.72, 0.12 + 0.03 * len(rows))
    begun = resumes(material)
    view = {
        "xaxis": {"title": {"text": f"{word} of search"}, "anchor": "y2", "rangemode": "tozero"},
        "yaxis": {"domain": [below + 0.06, 1], "title": {"text": material.metric_title}},
        "yaxis2": {
            "domain": [0, below],
            "range": [len(rows) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
            **_names([name for name, _ in rows]),
        },
        "shapes": [_resume_line(at / unit) for at, _ in begun],
        "annotations": [_resume_words(at / unit, gap) for at, gap in begun[:12]],
        "hovermode": "closest",
    }
    traces = [
        *_best_so_far(material, unit),
        *_occupation(material, rows, unit),
        *_faults(material, rows, unit),
    ]
    return {"data": traces, "layout": view}


def _names(names: list[str]) -> dict[str, Any]:
    """Every row named, or, where they are too many to be read, none."""
    if len(names) > 60:
        return {"title": {"text": f"{len(names)} slots"}, "showticklabels": False}
    return {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "tickfont": {"size": 11},
        "automargin": True,
    }


def _best_so_far(material: Material, unit: float) -> list[dict[str, Any]]:
    """The best by the search's own objective at each moment, of those that have a place in it."""
    x: list[float] = []
    y: list[float] = []
    text: list[str] = []
    for now, best in _bests(material):
        value, said = rounded(best.value), f"trial {best.trial.number}, epoch {best.epoch}"
        if not x or (value, said) != (y[-1], text[-1]):
            x.append(rounded(now / unit))
            y.append(value)
            text.append(said)
    if not x:
        return []
    x.append(rounded(material.moments[-1] / unit))
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "best so far",
            "x": x,
            "y": [*y, y[-1]],
            "text": [*text, text[-1]],
            "line": {"shape": "hv", "color": BEST_TRIAL, "width": 2},
            "marker": {"size": 4},
            "hovertemplate": "%{text}: %{y:.4f}<extra></extra>",
        }
    ]


def _bests(material: Material) -> Iterator[tuple[float, Standing]]:
    """The standing of the best after each epoch that was reported."""
    trials = {one.trial.number: one.trial for one in material.ranking}
    reported = [
        (now, event.trial)
        for now, event in zip(material.moments, material.events, strict=True)
        if isinstance(event, EpochReported) and event.trial in trials
    ]
    epochs: Counter[int] = Counter()

    def standings() -> Iterator[Standing | None]:
        for _, number in reported:
            epochs[number] += 1
            then = replace(trials[number], rows=trials[number].rows[: epochs[number]])
            yield standing(then, material.space.objective)

    for (now, _), best in zip(reported, best_so_far(standings()), strict=True):
        if best is not None:
            yield now, best


def _occupation(
    material: Material, rows: Sequence[tuple[str, list[Stretch]]], unit: float
) -> list[dict[str, Any]]:
    """The stretches as thick lines, one trace for each kind of trial."""
    width = max(2, min(11, round(700 / max(1, len(rows)))))
    traces: dict[str, dict[str, Any]] = {}
    for place, (_, row) in enumerate(rows):
        for each in row:
            kind = kind_of(material.history.trials[each.trial])
            trace = traces.setdefault(
                kind.name,
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": kind.name,
                    "x": [],
                    "y": [],
                    "text": [],
                    "line": {"color": kind.colour, "width": width},
                    "opacity": 0.5 if kind.open else 1,
                    "xaxis": "x",
                    "yaxis": "y2",
                    "hovertemplate": "%{text}<extra></extra>",
                },
            )
            spent = duration(each.end - each.begin)
            words = f"trial {each.trial}: {counted(each.epochs, 'epoch')} in {spent}"
            trace["x"] += [rounded(each.begin / unit, 6), rounded(each.end / unit, 6), None]
            trace["y"] += [place, place, None]
            trace["text"] += [words, words, ""]
    return list(traces.values())


def _faults(
    material: Material, rows: Sequence[tuple[str, list[Stretch]]], unit: float
) -> list[dict[str, Any]]:
    traces: dict[str, dict[str, Any]] = {}
    for what, now, trial, why in faults(material):
        kind, symbol = _FAULTS[what]
        trace = traces.setdefault(
            kind,
            {
                "type": "scatter",
                "mode": "markers",
                "name": kind,
                "x": [],
                "y": [],
                "text": [],
                "marker": {
                    "symbol": symbol,
                    "size": 10,
                    "color": ALARM,
                    "line": {"width": 1},
                },
                "xaxis": "x",
                "yaxis": "y2",
                "hovertemplate": "%{text}<extra></extra>",
            },
        )
        place = next(
            (
                p
                for p, (_, row) in enumerate(rows)
                for s in row
                if s.trial == trial and s.begin <= now <= s.end
            ),
            0,
        )
        trace["x"].append(rounded(now / unit, 6))
        trace["y"].append(place)
        trace["text"].append(f"trial {trial}: {kind}" + (f"<br>{why[:120]}" if why else ""))
    return list(traces.values())


def _resume_line(at: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"dash": "dash", "width": 1.2, "color": DIVERGED},
    }


def _resume_words(at: float, gap: float) -> dict[str, Any]:
    return {
        "x": at,
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "xanchor": "left",
        "showarrow": False,
        "font": {"size": 10},
        "text": f" resumed after {duration(gap)}",
    }
