"""ROC and precision-recall curves of all contenders on the test split.

A contender's line is the mean of its seeds' curves at equal false positive rate or recall, the
band around it reaches from the lowest seed to the highest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.arrays import Labels, Scores
from tuner.figures.colours import contender_colour
from tuner.figures.metrics import Metrics, shown_blocks, task_title
from tuner.figures.rates import FROM_ORIGIN, GRID, Curve, precisions, true_positive_rates
from tuner.figures.words import spread_text
from tuner.retrain.pictures.style import DARK, new_figure, plain

_LINE = 0.2
"""Inches of a line of the legend, which is below the axes: any place in them may hold a curve."""

CurveOf = Callable[[Labels, Scores], Curve]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A figure by its name in the report and in words, and the curve whose area it is."""

    name: str
    title: str
    curve_of: CurveOf
    at: Curve


def roc_figure(metrics: Metrics, labels: Labels, scores: Mapping[str, Sequence[Scores]]) -> Figure:
    """The true positive rate over the false positive rate."""
    figure = new_figure(5.5, 5.6 + _LINE * len(scores))
    axes = figure.subplots()
    _draw_all(axes, metrics, labels, scores, _ROC)
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.set(xlim=(-0.005, 1), ylim=(0, 1.005))
    _finish(axes, f"ROC on the test split\n{task_title(metrics)}")
    return figure


def precision_recall_figure(
    metrics: Metrics, labels: Labels, scores: Mapping[str, Sequence[Scores]]
) -> Figure:
    """Precision over recall, with the anomaly rate that chance reaches."""
    figure = new_figure(6.4, 5.4 + _LINE * (len(scores) + 1))
    axes = figure.subplots()
    _draw_all(axes, metrics, labels, scores, _PRECISION_RECALL)
    rate = float(labels.mean())
    axes.axhline(rate, color=DARK, linewidth=1, linestyle=":", label=f"anomaly rate  {rate:.3f}")
    axes.set(xlabel="recall of anomalies", ylabel="precision")
    # Where most images are anomalous all curves lie high: show what there is to see.
    axes.set(xlim=(0, 1), ylim=(max(0.0, 1 - 1.6 * (1 - rate)), 1 + 0.02 * (1 - rate)))
    _finish(axes, f"Precision and recall on the test split\n{task_title(metrics)}")
    return figure


_ROC = _Kind(name="auroc", title="AUROC", curve_of=true_positive_rates, at=FROM_ORIGIN)
_PRECISION_RECALL = _Kind(name="auprc", title="AUPRC", curve_of=precisions, at=GRID)


def _draw_all(
    axes: Axes,
    metrics: Metrics,
    labels: Labels,
    scores: Mapping[str, Sequence[Scores]],
    kind: _Kind,
) -> None:
    for place, (key, block) in enumerate(shown_blocks(metrics).items()):
        curves = np.stack([kind.curve_of(labels, score) for score in scores[key]])
        figure, ink = block["test"][kind.name], contender_colour(key)
        axes.plot(
            kind.at,
            curves.mean(0),
            color=ink,
            linewidth=2.4 if place == 0 else 1.7,
            label=f"{block['label']}  {kind.title} {spread_text(figure)}",
            zorder=10 - place,
        )
        low, high = curves.min(0), curves.max(0)
        axes.fill_between(kind.at, low, high, color=ink, alpha=0.18, linewidth=0)


def _finish(axes: Axes, title: str) -> None:
    plain(axes)
    axes.set_title(title, loc="left", fontsize=11, color=DARK)
    axes.figure.legend(loc="outside lower left", frameon=False, fontsize=9)
