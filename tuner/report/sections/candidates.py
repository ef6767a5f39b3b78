"""Which of the retrained candidates is the best on validation, and how surely."""

from typing import Any

from tuner.figures.candidates import (
    HEADINGS,
    Choice,
    chance_text,
    choice_rows,
    choice_sentences,
    left_out_sentences,
)
from tuner.figures.colours import BEST_TRIAL, COMPLETE, GUIDE
from tuner.report.material import Material
from tuner.report.section import Figure, Section, layout, rounded


def section(material: Material) -> Section | None:
    """None where the retrain did not choose among several."""
    choice = (material.metrics or {}).get("chosen_among")
    if choice is None:
        return None
    first, *others = choice_sentences(choice)
    return Section(
        key="candidates",
        title="Candidates",
        sentence=first,
        context={
            "heads": HEADINGS,
            "rows": choice_rows(choice),
            "sentences": [*others, *left_out_sentences(choice)],
            "rounds": _rounds(choice),
            "assumed": choice["assumed"],
            "rule": choice["rule"],
        },
        figures={"candidates": _figure(choice)},
    )


def _rounds(choice: Choice) -> list[tuple[int, int, str]]:
    """Of each round its number, the trainings up to it, and the chances after it."""
    numbers = [each["trial"] for each in choice["candidates"]]
    return [
        (
            place,
            sum(each["trainings"]),
            ", ".join(
                f"trial {number} {chance_text(chance)} ({count})"
                for number, chance, count in zip(
                    numbers, each["probabilities"], each["trainings"], strict=True
                )
            ),
        )
        for place, each in enumerate(choice["rounds"], start=1)
    ]


def _figure(choice: Choice) -> Figure:
    """A line to a candidate: every seed, the mean and its interval."""
    level = {choice["chosen"], *choice["may_be_best"]}
    traces = []
    for each in choice["candidates"]:
        name = f"trial {each['trial']}"
        chosen = each["trial"] == choice["chosen"]
        colour = BEST_TRIAL if chosen else COMPLETE if each["trial"] in level else GUIDE
        traces += [_seeds(each, name, colour), _mean(each, name, colour)]
    where = "on synthetic anomalies" if choice["synthetic"] else "on validation"
    view = layout(
        f"{choice['metric'].upper()} {where}",
        "",
        yaxis={"type": "category", "autorange": "reversed"},
        showlegend=False,
    )
    return {"data": traces, "layout": view}


def _seeds(each: Choice, name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [rounded(value) for value in each["values"]],
        "y": [name] * len(each["values"]),
        "marker": {"color": colour, "size": 7, "symbol": "circle-open"},
        "hovertemplate": "%{x:.4f}<extra>a seed</extra>",
    }


def _mean(each: Choice, name: str, colour: str) -> dict[str, Any]:
    half = each["interval95"][1] - each["mean"]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [rounded(each["mean"])],
        "y": [name],
        "error_x": {"type": "data", "array": [rounded(half)], "color": colour, "thickness": 2},
        "marker": {"color": colour, "size": 11},
        "hovertemplate": "%{x:.4f}<extra>mean</extra>",
    }
