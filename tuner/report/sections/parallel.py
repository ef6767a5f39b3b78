"""Every ranked trial as a line across its settings to its value: a brush on an axis picks some."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from tuner.cli.text import INACTIVE, counted, setting_text
from tuner.figures.colours import BEST_TRIAL, COMPLETE, STOPPED
from tuner.report.axes import Axis
from tuner.report.kinds import WHOLE, kind_of
from tuner.report.material import Material, values_of
from tuner.report.section import Figure, Section, rounded
from tuner.report.words import listed
from tuner.results.leaderboard import Standing
from tuner.space.conditions import always_active

_MOST = 8
_WIDTH, _LETTER = 850, 0.56  # pixels from the first axis to the last, and a letter's in its size
_WHOLE = 12  # letters of a name that is not broken
_SMALLEST, _LARGEST = 11, 13  # pixels of the letters of a name
_BELOW, _STEPS = 0.12, 4  # of an axis, for inactive settings; ticks of one with such
_FONTS = {  # the ends of an axis would be written over its name
    "tickfont": {"size": 11},
    "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
}


def section(material: Material) -> Section:
    """Parallel coordinates, the most important settings first."""
    axes = _axes(material)
    shown = [one for one in material.ranking if _has_all(one, axes)]
    drawn, lines = len(shown) > 1 and bool(axes), shown[::-1]  # the best are drawn last, on top
    return Section(
        key="parallel",
        title="All settings",
        sentence=_sentence(material, shown)
        if drawn
        else "There are too few trials to compare settings.",
        context={
            "left_out": _left_out(len(material.trials) - len(shown)),
            "drawn": drawn,
            "wide": len(axes) > 3,
        },
        figures={"parallel": figure(material, axes, lines)} if drawn else {},
        data={"brushed": [one.trial.number for one in lines]} if drawn else {},
    )


def _left_out(count: int) -> str:
    if not count:
        return ""
    verb, has = ("is", "it has") if count == 1 else ("are", "they have")
    reason = f"{has} no valid score, or a setting outside its range"
    return f"{counted(count, 'trial')} {verb} not drawn: {reason}."


def _axes(material: Material) -> list[Axis]:
    ranked = [one.trial for one in material.ranking]
    return [
        Axis(name=name, domain=material.space.search[name], values=values_of(ranked, name))
        for name in material.searched[:_MOST]
    ]


def _has_all(one: Standing, axes: list[Axis]) -> bool:
    settings, unused = one.trial.settings, one.trial.inactive
    return all(
        axis.name in unused
        or (axis.name in settings and math.isfinite(axis.place(settings[axis.name])))
        for axis in axes
    )


def _sentence(material: Material, shown: list[Standing]) -> str:
    """Where the best tenth lies on the most important setting: the middle half of it."""
    if material.importance is None:
        return f"How the settings of {counted(len(shown), 'trial')} go together with their values."
    always = always_active(material.space.search)
    first = next(name for name in material.searched if name in always)
    best = shown[: max(3, len(shown) // 10)]
    values = [one.trial.settings[first] for one in best]
    numbers = sorted(value for value in values if not isinstance(value, str))
    if len(numbers) < len(values):
        counts = Counter(map(str, values)).most_common()
        where = listed([f"{value} ({count})" for value, count in counts])
        return f"The best {counted(len(best), 'trial')} by their {first}: {where}."
    quarter = len(numbers) // 4
    low, high = setting_text(numbers[quarter]), setting_text(numbers[-1 - quarter])
    where = f"at {low}" if low == high else f"from {low} to {high}"
    inside = sum(numbers[quarter] <= value <= numbers[-1 - quarter] for value in numbers)
    return f"Of the best {counted(len(best), 'trial')} {inside} have {first} {where}."


def figure(material: Material, axes: list[Axis], shown: list[Standing]) -> Figure:
    """The last axis is the value."""
    values = [one.value for one in shown]
    ends = [rounded(value) for value in (min(values), max(values))]
    dimensions = [_dimension(axis, shown) for axis in axes]
    label = material.metric_title.replace(" on ", "<br>on ")
    dimensions.append(
        {"label": label, "values": [rounded(value) for value in values]} | _ticks(ends)
    )
    best = material.ranking[0].trial
    colour = {
        "color": [2 if one.trial is best else int(kind_of(one.trial) is WHOLE) for one in shown],
        "cmin": 0,
        "cmax": 2,
        "colorscale": [[0, STOPPED], [0.5, COMPLETE], [1, BEST_TRIAL]],
    }
    fonts = {"labelfont": {"size": _letters([str(one["label"]) for one in dimensions])}, **_FONTS}
    return {
        "data": [
            {
                "type": "parcoords",
                "labelside": "bottom",
                "line": colour,
                "dimensions": dimensions,
                **fonts,
            }
        ],
        "layout": {"margin": {"l": 100, "r": 70, "t": 20, "b": 80}},
    }


def _dimension(axis: Axis, shown: list[Standing]) -> dict[str, object]:
    """An axis with the places of the trials; inactive ones have one of their own, below it."""
    found = [one.trial.settings.get(axis.name) for one in shown]
    low, high = axis.ends
    ticks = axis.ticks
    below = low - _BELOW * (high - low)
    if None in found:
        steps = (low + nth * (high - low) / _STEPS for nth in range(_STEPS + 1))
        ticks = [(below, INACTIVE), *(ticks or [(at, f"{at:.3g}") for at in steps])]
        low = below
    made: dict[str, object] = {
        "label": _in_lines(axis.name),
        "values": [rounded(below if each is None else axis.place(each)) for each in found],
        "range": [low, high],
    }
    if ticks:
        made |= {"tickvals": [at for at, _ in ticks], "ticktext": [text for _, text in ticks]}
    return made


def _ticks(ends: list[float]) -> dict[str, object]:
    """Five on the axis of the value, its ends among them."""
    low, high = ends
    if low == high:
        return {}
    at = [low + (high - low) * part / 4 for part in range(5)]
    return {"tickvals": [rounded(each) for each in at], "ticktext": [f"{each:.4f}" for each in at]}


def _in_lines(name: str) -> str:
    """A long name broken after underscores, into lines as short as its words allow."""
    lines: list[str] = []
    for word in re.findall(r"_*[^_]+_*", name) or [name]:
        if lines and len(lines[-1]) + len(word) <= _WHOLE:
            lines[-1] += word
        else:
            lines.append(word)
    return "<br>".join(lines)


def _letters(labels: Sequence[str]) -> float:
    """The size in which the longest line fits between two axes."""
    longest = max(len(line) for label in labels for line in label.split("<br>"))
    room = _WIDTH / max(1, len(labels) - 1)
    return rounded(min(_LARGEST, max(_SMALLEST, room / (longest * _LETTER))), 3)
