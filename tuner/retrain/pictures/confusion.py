"""A confusion matrix of each contender on the test split, mean counts over seeds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tuner.figures.metrics import AUTOENCODER, Metrics, shown_blocks, task_title
from tuner.retrain.pictures.style import DARK, new_figure

_KINDS = ("normal", "anomaly")
_AUTOENCODER = {"training_loss": "training loss", "quantile_0.95": "0.95 quantile"}


@dataclass(frozen=True, kw_only=True)
class _Panel:
    title: str
    threshold: str
    figures: Metrics


def confusion_figure(metrics: Metrics) -> Figure:
    """One panel to a decision; colour is the share of the true kind."""
    panels = list(_panels(metrics))
    figure = new_figure(2.6 * len(panels) + 0.8, 4.1)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for place, (axes, panel) in enumerate(zip(all_axes, panels, strict=True)):
        _draw(axes, panel, first=place == 0)
    figure.suptitle(
        f"Decisions on the test split (mean of seeds)\n{task_title(metrics)}",
        x=0.01,
        ha="left",
        fontsize=11,
        color=DARK,
    )
    return figure


def _panels(metrics: Metrics) -> Iterator[_Panel]:
    """The autoencoder's thresholds are its published one and a quantile of validation normals."""
    for key, block in shown_blocks(metrics).items():
        if key != AUTOENCODER:
            yield _Panel(
                title=block["label"], threshold="validation threshold", figures=block["test"]
            )
            continue
        for name, words in _AUTOENCODER.items():
            yield _Panel(
                title=block["label"],
                threshold=f"threshold: {words}",
                figures=block["error_decisions"][name]["test"],
            )


def _draw(axes: Axes, panel: _Panel, *, first: bool) -> None:
    counts = _mean_counts(panel.figures)
    shares = counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            share = shares[row, column]
            text = f"{share:.1%}\n{counts[row, column]:,.0f}"
            ink = "white" if share > 0.55 else DARK
            axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=10)
    axes.set_xticks([0, 1], [f"called\n{kind}" for kind in _KINDS])
    axes.set_yticks([0, 1], [f"is {kind}" for kind in _KINDS] if first else ["", ""])
    axes.tick_params(length=0, labelsize=9, colors=DARK)
    axes.spines[:].set_visible(False)
    balanced = panel.figures["balanced_accuracy"]["mean"]
    heading = f"{panel.title}\n{panel.threshold}\nbalanced accuracy {balanced:.3f}"
    axes.set_title(heading, fontsize=9, color=DARK)


def _mean_counts(figures: Metrics) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Rows: is normal, is anomaly; columns: called normal, called anomaly."""
    seeds = [
        [
            [one["true_negatives"], one["false_positives"]],
            [one["false_negatives"], one["true_positives"]],
        ]
        for one in figures["confusion"]["seeds"]
    ]
    mean: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.mean(seeds, axis=0)
    return mean
