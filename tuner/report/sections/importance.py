"""Which hyperparameters matter, and how sure that is."""

from tuner.cli.text import counted
from tuner.figures.colours import COMPLETE, GUIDE, STOPPED
from tuner.report.commands import more_trials, trials_lacking
from tuner.report.importance import LEAST, Importance
from tuner.report.material import Material
from tuner.report.section import Figure, Section, layout, rounded
from tuner.report.words import listed
from tuner.space.conditions import always_active


def section(material: Material) -> Section:
    """A bar for each searched hyperparameter."""
    found = material.importance
    figures = {} if found is None else {"importance": figure(found)}
    context = {
        "epoch": material.compared.epoch,
        "trials": len(material.compared.trials),
        "left_out": listed(_conditional(material)),
        "more": _more(material),
    }
    return Section(
        key="importance",
        title="What matters",
        sentence=_sentence(material, found),
        context=context,
        figures=figures,
    )


def _more(material: Material) -> str:
    """The command that likely tells it; "" where it is told, or another driver may be at work."""
    lacking = trials_lacking(material)
    return more_trials(material, lacking) if lacking and not material.under_way else ""


def _sentence(material: Material, found: Importance | None) -> str:
    if not material.space.search:
        return "Nothing was searched, so nothing can be said of what matters."
    if found is None:
        few = len(material.compared.trials)
        if few < LEAST:
            return (
                f"Which settings matter cannot be told: {few} of "
                f"{counted(len(material.trials), 'trial')} have a value after epoch "
                f"{material.compared.epoch}, where they are compared, and it takes {LEAST}."
            )
        return "Which settings matter cannot be told: the trials' values do not vary."
    if not found.telling:
        return "No setting is told from chance by these trials."
    first = [
        f"{name} ({found.mean[name]:.0%} ± {found.std[name]:.0%})" for name in found.telling[:2]
    ]
    compared = len(material.space.search) - len(_conditional(material))
    rest = compared - len(found.telling)
    verb = "matters" if len(first) == 1 else "matter"
    end = f"; {rest} of {compared} settings are not told from chance" if rest else ""
    return f"{listed(first)} {verb} most{end}."


def _conditional(material: Material) -> list[str]:
    """The settings that only some trials have."""
    always = always_active(material.space.search)
    return [name for name in material.space.search if name not in always]


def figure(found: Importance) -> Figure:
    """The most important at the top, with the line that chance reaches."""
    names = sorted(found.mean, key=lambda name: found.mean[name])
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [rounded(found.mean[name], 4) for name in names],
        "error_x": {"type": "data", "array": [rounded(found.std[name], 4) for name in names]},
        "marker": {"color": [COMPLETE if name in found.telling else STOPPED for name in names]},
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    line = {
        "type": "line",
        "x0": found.chance,
        "x1": found.chance,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"dash": "dot", "width": 1.5, "color": GUIDE},
    }
    words = {
        "x": found.chance,
        "y": 0,
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": "left",
        "text": " chance",
        "showarrow": False,
    }
    view = layout(
        "share of the variance",
        "",
        shapes=[line],
        annotations=[words],
        showlegend=False,
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        yaxis={"automargin": True, "tickfont": {"size": 13}},
    )
    return {"data": [bars], "layout": view}
