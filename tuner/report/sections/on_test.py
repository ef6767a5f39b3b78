"""How the retrained detectors do on test images: curves, score histograms, a movable threshold."""

from typing import Any

import numpy as np

from models.arrays import Scores
from tuner.cli.text import counted
from tuner.figures.colours import BEST_TRIAL, COMPLETE, GUIDE, contender_colour
from tuner.figures.ensemble import ensemble_sentences
from tuner.figures.metrics import (
    BEST,
    Metrics,
    is_made,
    model_block,
    model_decisions,
    shown_blocks,
    task_title,
)
from tuner.figures.small_samples import few_normals
from tuner.figures.verdicts import weakest_first
from tuner.figures.words import INSPECTION, ends_text, share, spread_text
from tuner.report.arrays import Arrays
from tuner.report.decided import (
    Decisions,
    decisions,
    model_scores,
    model_threshold,
    scores_of,
)
from tuner.report.material import Material, of_other
from tuner.report.section import Figure, Section, layout, rounded

_DIGITS = 9
"""Of a score: a threshold between two must tell them apart."""
_HEADS = ["missed at 1% false alarms", "missed at 5% false alarms", "balanced accuracy"]
"""Of the figures of inspection, in their order."""
_BINS, _WIDEST = 60, 3
_MOST = 20_000
"""Images whose scores a page carries; of more, every so many by their order."""


def section(material: Material) -> Section:
    """Nothing but how to get it, where the best has not been retrained."""
    metrics = material.metrics
    if metrics is None:
        return _section("Nothing is known on test images: the best has not been retrained.")
    if "test" not in metrics:
        return _section(_each_sentence(material, metrics), classes=_class_rows(metrics))
    arrays = scores_of(material, metrics)
    found = {
        "heads": _HEADS,
        "few": few_normals(metrics["splits"]),
        "ensemble": " ".join(ensemble_sentences(metrics)),
        "contenders": _rows(metrics),
        "kinds": _kinds(metrics, decisions(material, metrics)),
        "title": task_title(metrics),
    }
    if arrays is None:
        note = f"No curves and no scores: {material.folder.scores.name} is missing or damaged."
        return _section(_sentence(material, metrics), note=note, **found)
    data = {"threshold": _of_model(metrics, arrays)}
    found["outside"] = data["threshold"].pop("outside")
    figures = {
        "roc": _roc(metrics, arrays),
        "pr": _precision(metrics, arrays),
        "scores": _histogram(metrics),
    }
    return _section(_sentence(material, metrics), figures=figures, data=data, **found)


def _section(sentence: str, figures: Any = None, data: Any = None, **context: Any) -> Section:
    empty = {"classes": [], "contenders": [], "heads": [], "kinds": [], "title": "", "note": ""}
    empty |= {"outside": "", "few": "", "ensemble": ""}
    return Section(
        key="test",
        title="On test images",
        sentence=sentence,
        context=empty | context,
        figures=figures or {},
        data=data or {},
    )


def _sentence(material: Material, metrics: Metrics) -> str:
    test = metrics["test"]
    made = ", on synthetic anomalies" if is_made(metrics) else ""
    miss = test.get("miss_rate_at_5")
    name = f"{metrics['label']}{of_other(material)}"
    words = f"On test images {name} has an AUROC of {spread_text(test['auroc'])}{made}"
    return (
        f"{words}; it misses {share(miss)} of anomalies at 5% false alarms."
        if miss
        else f"{words}."
    )


def _each_sentence(material: Material, metrics: Metrics) -> str:
    mean = spread_text(metrics["mean"][BEST])
    name = f"{metrics['labels'][BEST]}{of_other(material)}"
    return f"With each class in turn normal, the mean test AUROC of {name} is {mean}."


def _class_rows(metrics: Metrics) -> list[tuple[str, str]]:
    """The best's figure of each class."""
    return [(name, spread_text(of["auroc"][BEST])) for name, of in metrics["classes"].items()]


def _rows(metrics: Metrics) -> list[dict[str, Any]]:
    rows = []
    for key, block in shown_blocks(metrics).items():
        ahead = metrics.get("ahead", {}).get(key)
        difference = ""
        if ahead is not None:
            difference = f"{ahead['auroc']:+.4f} ({ends_text(ahead['ci95'], '+')})"
        rows.append(
            {
                "label": block["label"],
                "auroc": spread_text(block["test"]["auroc"]),
                "inspection": [share(block["test"].get(name)) for name in INSPECTION],
                "ahead": difference,
            }
        )
    return rows


def _kinds(metrics: Metrics, decided: Decisions | None) -> list[dict[str, str]]:
    """Each kind of anomaly, the weakest first; how many the model misses, where that is known."""
    missed = None if decided is None else dict(decided.kinds("missed"))
    return [
        {
            "name": name,
            "images": f"{of['images']:,}",
            "auroc": spread_text(of["auroc"]),
            "missed": "" if missed is None or is_made(metrics) else f"{missed.get(name, 0):,}",
        }
        for name, of in weakest_first(model_block(metrics).get("by_kind", {}))
    ]


def _curves(metrics: Metrics, arrays: Arrays, figure: str, kind: str) -> list[dict[str, Any]]:
    """The mean curve over seeds of each contender."""
    from tuner.figures.rates import (  # noqa: PLC0415 - scikit-learn
        FROM_ORIGIN,
        GRID,
        precisions,
        true_positive_rates,
    )

    labels, traces = arrays["test_label"].astype(bool), []
    curve_of = true_positive_rates if kind == "roc" else precisions
    at = FROM_ORIGIN if kind == "roc" else GRID
    for place, (key, block) in enumerate(shown_blocks(metrics).items()):
        if f"test_{key}" not in arrays:
            continue
        mean = np.mean([curve_of(labels, scores) for scores in arrays[f"test_{key}"]], axis=0)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"{block['label']}  {block['test'][figure]['mean']:.3f}",
                "x": [rounded(x, 4) for x in at.tolist()],
                "y": [rounded(y, 4) for y in mean.tolist()],
                "line": {"color": contender_colour(key), "width": 2.6 if place == 0 else 1.6},
                "hovertemplate": "%{x:.3f}, %{y:.3f}<extra></extra>",
            }
        )
    return traces


def _made(metrics: Metrics) -> str:
    return " (synthetic)" if is_made(metrics) else ""


def _roc(metrics: Metrics, arrays: Arrays) -> Figure:
    here = {
        "type": "scatter",
        "mode": "markers",
        "name": "at the threshold",
        "x": [None],
        "y": [None],
        "marker": {
            "size": 12,
            "symbol": "circle-open",
            "line": {"width": 3},
            "color": contender_colour(BEST),
        },
        "showlegend": False,
        "cliponaxis": False,
    }
    view = layout(
        "false alarms: share of normal images flagged",
        f"share of anomalies{_made(metrics)} found",
        xaxis={"range": [-0.01, 1.01]},
        yaxis={"range": [0, 1.02]},
    )
    return {"data": [*_curves(metrics, arrays, "auroc", "roc"), here], "layout": view}


def _precision(metrics: Metrics, arrays: Arrays) -> Figure:
    rate = float(metrics["splits"]["test"]["anomaly_rate"])
    line = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "y0": rate,
        "y1": rate,
        "line": {"dash": "dot", "width": 1, "color": GUIDE},
    }
    floor = max(0.0, 1 - 1.6 * (1 - rate))
    view = layout(
        f"recall of anomalies{_made(metrics)}",
        "precision",
        shapes=[line],
        xaxis={"range": [-0.01, 1.01]},
        yaxis={"range": [floor, 1 + 0.02 * (1 - floor)]},
    )
    return {"data": _curves(metrics, arrays, "auprc", "pr"), "layout": view}


def _histogram(metrics: Metrics) -> Figure:
    """The page's script puts the scores in, which it has for the threshold."""
    traces = [
        {
            "type": "histogram",
            "name": name,
            "x": [],
            "histnorm": "percent",
            "opacity": 0.65,
            "marker": {"color": colour},
        }
        for name, colour in (("normal", COMPLETE), (f"anomalous{_made(metrics)}", BEST_TRIAL))
    ]
    view = layout("score", "% of images of its kind", barmode="overlay", bargap=0)
    return {"data": traces, "layout": view}


def _of_model(metrics: Metrics, arrays: Arrays) -> dict[str, Any]:
    """Scores of the model, sorted by kind, and its threshold.

    What it decides at its own threshold is counted by all of its scores; what the page counts at
    others is an estimate where it carries but some of them.
    """
    decided, limit = model_decisions(metrics), model_threshold(metrics)
    scores, labels = model_scores(metrics, arrays), arrays["test_label"].astype(bool)
    step = -(-len(scores) // _MOST)
    return {
        **_view(scores, limit),
        "normal": _carried(scores[~labels], step),
        "anomalous": _carried(scores[labels], step),
        "normals": int((~labels).sum()),
        "anomalies": int(labels.sum()),
        "set": limit,
        "own": {"flagged": decided["false_positives"], "found": decided["true_positives"]},
        "mark": BEST_TRIAL,
    }


def _view(scores: Scores, threshold: float) -> dict[str, Any]:
    """The bins and the range of the histogram; the few images far above do not press all others.

    How many lie outside is said.
    """
    both = np.sort(scores)
    low, high, last = (
        float(each) for each in (both[0], both[int(0.99 * (len(both) - 1))], both[-1])
    )
    if last - low <= _WIDEST * (high - low):
        high = last
    size = max((high - low) / _BINS, 1e-12)
    end = max(high, threshold) + 3 * size
    above = int((both > end).sum())
    verb = "scores" if above == 1 else "score"
    said = f"{counted(above, 'image')} {verb} higher than what is shown, up to {last:.4g}."
    return {
        "bins": {"start": low - size, "end": last + size, "size": size},
        "range": [low - size, end],
        "outside": said if above else "",
    }


def _carried(scores: Scores, step: int) -> list[float]:
    return [rounded(score, _DIGITS) for score in np.sort(scores)[::step].tolist()]
