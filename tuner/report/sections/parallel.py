"""Every ranked trial as a line across its settings to its value: a brush on an axis picks some."""

import math
import re

from tuner.cli.text import counted, setting_text
from tuner.figures.colours import BEST_TRIAL, COMPLETE, STOPPED
from tuner.report.axes import Axis
from tuner.report.material import Material
from tuner.report.section import Figure, Section, rounded
from tuner.results.leaderboard import Standing

_MOST = 8
_LONGEST = 12  # letters of a line of a name
_ABOVE, _LINE = 22, 17  # pixels
_FONTS = {  # the ends of an axis would be written over its name
    "labelfont": {"size": 13},
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
            "left_out": len(material.trials) - len(shown),
            "drawn": drawn,
            "wide": len(axes) > 3,
        },
        figures={"parallel": figure(material, axes, lines)} if drawn else {},
        data={"brushed": [one.trial.number for one in lines]} if drawn else {},
    )


def _axes(material: Material) -> list[Axis]:
    return [
        Axis(name=name, domain=material.space.search[name]) for name in material.searched[:_MOST]
    ]


def _has_all(one: Standing, axes: list[Axis]) -> bool:
    settings = one.trial.hyperparameters
    return all(
        axis.name in settings and math.isfinite(axis.place(settings[axis.name])) for axis in axes
    )


def _sentence(material: Material, shown: list[Standing]) -> str:
    """Where the best tenth lies on the most important setting: the middle half of it."""
    first, best = material.searched[0], shown[: max(3, len(shown) // 10)]
    values = [one.trial.hyperparameters[first] for one in best]
    numbers = sorted(value for value in values if not isinstance(value, str))
    if len(numbers) < len(values):
        where = ", ".join(dict.fromkeys(map(str, values)))
        return f"The best {counted(len(best), 'trial')} have {first} at {where}."
    quarter = len(numbers) // 4
    low, high = setting_text(numbers[quarter]), setting_text(numbers[-1 - quarter])
    where = f"at {low}" if low == high else f"from {low} to {high}"
    return f"At least half of the best {counted(len(best), 'trial')} have {first} {where}."


def figure(material: Material, axes: list[Axis], shown: list[Standing]) -> Figure:
    """The last axis is the value."""
    values = [one.value for one in shown]
    dimensions: list[dict[str, object]] = []
    for axis in axes:
        places = [rounded(axis.place(one.trial.hyperparameters[axis.name])) for one in shown]
        low, high = axis.ends
        made: dict[str, object] = {
            "label": _in_lines(axis.name),
            "values": places,
            "range": [min(low, *places), max(high, *places)],
        }
        if axis.ticks:
            made |= {
                "tickvals": [at for at, _ in axis.ticks],
                "ticktext": [text for _, text in axis.ticks],
            }
        dimensions.append(made)
    label = material.metric_title.replace(" on ", "<br>on ")
    dimensions.append({"label": label, "values": [rounded(value) for value in values]})
    middle = sorted(values)[len(values) // 2]
    colour = {
        "color": [rounded(value) for value in values],
        "cmin": middle - (max(values) - middle) if max(values) > middle else middle - 0.01,
        "cmax": max(values),
        "colorscale": [[0, STOPPED], [0.6, COMPLETE], [1, BEST_TRIAL]],
    }
    lines = max(str(one["label"]).count("<br>") + 1 for one in dimensions)
    return {
        "data": [{"type": "parcoords", "line": colour, "dimensions": dimensions, **_FONTS}],
        "layout": {"margin": {"l": 70, "r": 70, "t": _ABOVE + _LINE * lines, "b": 30}},
    }


def _in_lines(name: str) -> str:
    """A name broken where it has underscores: beside others there is no room for all of it."""
    lines = [""]
    for part in re.findall("[^_]*_+|[^_]+", name):
        if lines[-1] and len(lines[-1] + part) > _LONGEST:
            lines.append("")
        lines[-1] += part
    return "<br>".join(lines)
