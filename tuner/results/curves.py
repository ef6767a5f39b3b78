"""Learning curves of a search as one picture: every trial's epochs, and the best so far."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.evaluation.standard_error import AUROC_ERROR
from tuner.figures.colours import BEST_TRIAL, COMPLETE, DIVERGED, PUBLISHED, STOPPED
from tuner.objectives import metric_of
from tuner.record.trials import TrialView
from tuner.results.leaderboard import (
    Standing,
    best_so_far,
    is_ranked,
    rank,
    standing,
    value_text,
)
from tuner.storage.files import replace_file

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    _Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_INK = "#222222"
_PAUSED: dict[str, Any] = {"color": STOPPED, "markersize": 3.6, "markerfacecolor": "white"}
_BAND: dict[str, Any] = {"color": BEST_TRIAL, "alpha": 0.13, "linewidth": 0, "zorder": 1}
_UNIT = 0.08  # of the good trials' height: how soon the scale below them turns logarithmic
_Points = list[tuple[int, float]]


def write_curves(path: Path, trials: Sequence[TrialView], objective: str, note: str = "") -> None:
    """Write the picture as PNG, whole or not at all; without any row it says so.

    `note` stands above in small print.
    """
    figure = draw_curves(trials, objective)
    if note:
        figure.suptitle(note, fontsize=8, color="0.45", x=0.99, ha="right")
    replace_file(path, lambda temporary: figure.savefig(temporary, format="png", dpi=150))


def draw_curves(trials: Sequence[TrialView], objective: str) -> "Figure":
    """Left the metric behind `objective` by epoch, right each trial's objective and the best."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (the commands start without it)

    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.15, 1))
    metric = metric_of(objective)
    for axes in (left, right):
        _plain(axes)
    ranking = rank(trials, objective)
    view = _view(trials, ranking, metric)
    for axes in (left, right):
        view.apply(axes)
    view.explain(left)
    _draw_epochs(left, trials, ranking, metric)
    _draw_best_so_far(right, trials, objective)
    left.set_ylabel(f"{metric.upper()} on validation images")
    handles, labels = left.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside lower left", ncols=4, fontsize=8.5, frameon=False
        )
    return figure


def _draw_epochs(
    axes: "Axes", trials: Sequence[TrialView], ranking: Sequence[Standing], metric: str
) -> None:
    best = ranking[0].trial.number if ranking else None
    colours = iter(PUBLISHED * len(trials))
    thin = max(0.35, min(1.0, 12 / max(1, len(trials)) + 0.3))
    for trial in trials:
        points = curve_points(trial, metric)
        if not points or trial.number == best or trial.published:
            continue
        _draw_ordinary(axes, trial, points, thin)
    for trial in trials:
        if trial.published and trial.number != best and is_ranked(trial):
            label = f"published {trial.published} (trial {trial.number})"
            _draw_named(axes, curve_points(trial, metric), next(colours), label)
    if ranking:
        first = ranking[0]
        name = f", published {first.trial.published}" if first.trial.published else ""
        label = f"best: trial {first.trial.number}{name}"
        _draw_named(axes, curve_points(first.trial, metric), BEST_TRIAL, label)
        peak = dict(curve_points(first.trial, metric))[first.epoch]
        axes.plot(first.epoch, peak, "o", color=BEST_TRIAL, markersize=8, zorder=6)
        _draw_band(axes, first.trial, metric)
    _explain(axes, [trial for trial in trials if trial.number != best])
    if not any(trial.rows for trial in trials):
        axes.text(
            0.5, 0.5, "no trial has reported an epoch yet", ha="center", transform=axes.transAxes
        )
    last = max((trial.rows[-1].epoch for trial in trials if trial.rows), default=1)
    axes.set_xlim(min(0.8, last - 0.5), last + 0.02 * last + (0.2 if last > 1 else 0.5))
    axes.set_xlabel("epoch")
    axes.set_title("Each trial, epoch by epoch", loc="left", fontsize=11, color=_INK)


def _draw_ordinary(axes: "Axes", trial: TrialView, points: _Points, width: float) -> None:
    epochs, values = zip(*points, strict=True)
    if not is_ranked(trial):
        axes.plot(epochs, values, color=DIVERGED, linewidth=width, zorder=2)
        axes.plot(epochs[-1], values[-1], "x", color=DIVERGED, markersize=5, zorder=4)
    elif trial.state == "complete":
        axes.plot(epochs, values, color=COMPLETE, linewidth=width, alpha=0.8, zorder=3)
    else:
        axes.plot(epochs, values, color=STOPPED, linewidth=width * 0.9, zorder=2)
        style = _PAUSED if trial.state == "paused" else {"color": STOPPED, "markersize": 2.6}
        axes.plot(epochs[-1], values[-1], "o", zorder=2, **style)


def _draw_named(axes: "Axes", points: _Points, colour: str, label: str) -> None:
    if points:
        epochs, values = zip(*points, strict=True)
        size = 3.5 if len(points) <= 15 else 0
        axes.plot(
            epochs, values, "o-", color=colour, linewidth=2, markersize=size, label=label, zorder=5
        )


def _draw_band(axes: "Axes", trial: TrialView, metric: str) -> None:
    """Shade a standard error to both sides of a curve, where its epochs have one."""
    rows = [row for row in trial.rows if AUROC_ERROR in row.metrics]
    if metric != "auroc" or not rows:
        return
    values = [row.metrics[metric] for row in rows]
    errors = [row.metrics[AUROC_ERROR] for row in rows]
    axes.fill_between(
        [row.epoch for row in rows],
        [value - error for value, error in zip(values, errors, strict=True)],
        [value + error for value, error in zip(values, errors, strict=True)],
        label="± 1 standard error (of the images)",
        **_BAND,
    )


def _explain(axes: "Axes", trials: Sequence[TrialView]) -> None:
    """Add to the legend what the ordinary lines are, of the kinds that occur, and their number.

    `trials` are all but the best one, which has a line of its own there, as the published have.
    """
    plain = [trial for trial in trials if trial.rows and not trial.published]
    complete = sum(trial.state == "complete" for trial in plain)
    apart = sum(not is_ranked(trial) for trial in plain)
    paused = sum(trial.state == "paused" for trial in plain)
    stopped = len(plain) - complete - apart - paused
    if complete:
        axes.plot([], [], color=COMPLETE, label=f"ran to the end ({complete})")
    if stopped:
        unfinished = any(trial.state == "running" for trial in plain)
        label = f"stopped early{' or unfinished' if unfinished else ''} ({stopped})"
        axes.plot([], [], "o-", color=STOPPED, linewidth=1, markersize=2.6, label=label)
    if paused:
        style = {**_PAUSED, "linewidth": 1}
        axes.plot([], [], "o-", label=f"paused ({paused})", **style)
    if apart:
        label = f"diverged or failed ({apart})"
        axes.plot([], [], "x-", color=DIVERGED, linewidth=1, markersize=5, label=label)


def _draw_best_so_far(axes: "Axes", trials: Sequence[TrialView], objective: str) -> None:
    """Every trial's objective in the order in which they were started, and the best up to there."""
    in_turn = sorted(trials, key=lambda trial: trial.number)
    standings = [standing(trial, objective) for trial in in_turn]
    colours = iter(PUBLISHED * len(trials))
    size = 18 if len(trials) <= 60 else 9
    for found in filter(None, standings):
        trial = found.trial
        colour = COMPLETE if trial.state == "complete" else STOPPED
        if trial.published:
            colour = next(colours)
        layer = 4 if trial.published else 3
        area = 30 if trial.published else size
        axes.scatter(trial.number, found.value, s=area, color=colour, zorder=layer)
    bests = list(best_so_far(standings))
    steps = [(t.number, one.value) for t, one in zip(in_turn, bests, strict=True) if one]
    best = bests[-1] if bests else None
    if best is not None:
        numbers, values = zip(*steps, strict=True)
        axes.step(numbers, values, where="post", color=BEST_TRIAL, linewidth=1.6, zorder=2)
        axes.plot(best.trial.number, best.value, "o", color=BEST_TRIAL, markersize=8, zorder=6)
        if best.error is not None:
            axes.axhspan(best.value - best.error, best.value + best.error, **_BAND)
        axes.annotate(
            f"trial {best.trial.number}, epoch {best.epoch}: {value_text(best)}",
            (best.trial.number, best.value),
            xytext=(0, 9),
            textcoords="offset points",
            ha="right" if best.trial.number > len(trials) / 2 else "left",
            fontsize=9,
            color=BEST_TRIAL,
        )
    axes.set_xlabel("trial, in the order of their start")
    metric = metric_of(objective)
    of = metric.upper() if metric == objective else f"Best {metric.upper()}"
    title = f"{of} of each trial, and the best so far"
    axes.set_title(title, loc="left", fontsize=11, color=_INK)


@dataclass(frozen=True, kw_only=True)
class _View:
    """What the vertical axis shows: a plain scale above `low`, a shaded strip down to `floor`."""

    lowest: float
    floor: float
    low: float
    top: float

    def apply(self, axes: "Axes") -> None:
        """Set scale, limits and ticks."""
        from matplotlib.ticker import FixedLocator, MaxNLocator  # noqa: PLC0415

        candidates = MaxNLocator(nbins=6).tick_values(self.low, self.top)
        ticks = [float(tick) for tick in candidates if self.low <= tick <= self.top]
        if self.floor < self.low:
            scale = _compression(self.low, _UNIT * (self.top - self.low))
            axes.set_yscale("function", functions=scale)
            axes.axhspan(self.floor, self.low, color="#f4f4f2", zorder=0)
            ticks += [tick for tick in (0.5, 0.8, 0.9, 0.95) if self._has_room(tick)]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.set_ylim(self.floor, self.top)

    def explain(self, axes: "Axes") -> None:
        """Say what the strip is, above the axes: inside them any place may hold a curve."""
        if self.floor < self.low:
            text = f"grey: compressed below {self.low:.3f}, lowest {self.lowest:.3f}"
            axes.set_title(text, loc="right", fontsize=8, color="0.35")

    def _has_room(self, tick: float) -> bool:
        """Whether a tick in the strip would be told from the bounds of the strip."""
        return self.floor < tick < self.low - 0.1 * (self.top - self.low)


def _compression(low: float, unit: float) -> "tuple[_Scale, _Scale]":
    """Forward and inverse of a scale that is plain above `low` and logarithmic below.

    The slope is continuous at `low`; `unit` below it distances count with their logarithm.
    """
    import numpy as np  # noqa: PLC0415

    def forward(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        below = np.maximum(low - values, 0)
        return np.maximum(values, low) - unit * np.log1p(below / unit)

    def inverse(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        below = np.maximum(low - values, 0)
        return np.maximum(values, low) - unit * np.expm1(below / unit)

    return forward, inverse


def _view(trials: Sequence[TrialView], ranking: Sequence[Standing], metric: str) -> _View:
    """Tell the good trials apart: full scale for those that ran to their end, bar a tenth."""
    if not ranking:
        return _View(lowest=0.0, floor=0.0, low=0.0, top=1.0)
    values = [found.value for found in ranking if found.trial.state == "complete"]
    values = values or [found.value for found in ranking]
    shown = values[: max(2, math.ceil(len(values) * 0.9))]
    shown += [found.value for found in ranking if found.trial.published]
    shown += [found.value for found in ranking[: max(3, len(ranking) // 2)]]
    drawn = [value for trial in trials for _, value in curve_points(trial, metric)]
    top = max(value for one in ranking for _, value in curve_points(one.trial, metric, one.since))
    area = metric in ("auroc", "auprc")  # from 0 to 1; what else there is has other units
    low = max(min(shown), top - 0.2) if area else min(shown)
    span = max(top - low, 0.01)
    low -= 0.25 * span
    lowest = min(drawn)
    floor = lowest - 0.35 * (low - lowest) if lowest < low else low
    highest = max(value for one in ranking for _, value in curve_points(one.trial, metric))
    above = max(top, highest) + 0.15 * span  # of an earlier stage too, which may be the higher
    if area:
        above = min(above, 1.0 + 0.02 * span)
    return _View(lowest=lowest, floor=floor, low=low, top=above)


def curve_points(trial: TrialView, metric: str, since: int = 1) -> _Points:
    """The epochs of a trial, from one on, with their values, those that are finite."""
    rows = [row for row in trial.rows if row.epoch >= since]
    pairs = [(row.epoch, row.metrics.get(metric, math.nan)) for row in rows]
    return [(epoch, value) for epoch, value in pairs if math.isfinite(value)]


def _plain(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.tick_params(colors="#555555", labelsize=9)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
