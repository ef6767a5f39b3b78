"""How a row's figure comes from the reports of its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from _published.rows import Figure, Value
from models import detectors
from tuner.space import load_space

if TYPE_CHECKING:
    from _published.making import Made

Pick = Callable[["Made"], dict[str, Any]]
"""From a run to a figure of its report, which has `mean` and `seeds`."""


def on_test(metric: str, contender: str = "best") -> Pick:
    """A figure of the test split, such as `auroc`; of the best, or of the published `defaults`."""

    def pick(made: Made) -> dict[str, Any]:
        block = made.metrics if contender == "best" else made.metrics[contender]
        figure: dict[str, Any] = block["test"][metric]
        return figure

    return pick


def at(*keys: str) -> Pick:
    """The figure at these keys of the report, one below the other."""

    def pick(made: Made) -> dict[str, Any]:
        found: dict[str, Any] = made.metrics
        for key in keys:
            found = found[key]
        return found

    return pick


def over_seeds(pick: Pick) -> Figure:
    """Mean and deviation over seeds, each seed's value being the mean over the runs, or classes."""

    def value(made: Sequence[Made]) -> Value:
        by_seed = zip(*(pick(one)["seeds"] for one in made), strict=True)
        return spread([float(np.mean(values)) for values in by_seed])

    return value


def over_repeats(pick: Pick) -> Figure:
    """Mean and deviation over runs that differ in how the images were drawn."""

    def value(made: Sequence[Made]) -> Value:
        means = [float(np.mean(pick(one)["seeds"])) for one in made]
        return spread(means)

    return value


def noted(figure: Figure, *notes: Callable[[Sequence[Made]], str]) -> Figure:
    """The same figure with sentences beside it."""

    def value(made: Sequence[Made]) -> Value:
        found = figure(made)
        said = [found.note, *(note(made) for note in notes)]
        return replace(found, note=" ".join(text for text in said if text))

    return value


def spread(values: Sequence[float]) -> Value:
    """Mean, sample deviation and number of some values."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Value(mean=float(np.mean(values)), std=std, seeds=len(values))


def beside_flagging_all(figure: Figure) -> Figure:
    """An F1 with that of flagging every image of the same test split."""

    def value(made: Sequence[Made]) -> Value:
        of_all = float(
            np.mean([one.metrics["splits"]["test"]["flag_everything_f1"] for one in made])
        )
        found = figure(made)
        note = f"{found.note} Flagging everything: {of_all:.3f}. {_shares(made[0])}".strip()
        return replace(found, note=note, more={**found.more, "flagging_all": round(of_all, 4)})

    return value


def _shares(made: Made) -> str:
    """How many images are anomalous, in the split that sets the threshold and in test."""
    of = {name: made.metrics["splits"][name]["anomaly_rate"] for name in ("validation", "test")}
    return f"Anomalous are {of['validation']:.0%} of validation, {of['test']:.0%} of test."


def interval(made: Sequence[Made]) -> str:
    """The first run's test AUROC with its bootstrap interval."""
    auroc = made[0].metrics["test"]["auroc"]
    low, high = auroc["ci95"]
    return f"First draw: {auroc['mean']:.3f}, 95% interval {low:.3f} to {high:.3f}."


def validation_gap(made: Sequence[Made]) -> str:
    """How much better validation looked than test, on average."""
    gap = np.mean([one.metrics["validation_minus_test"]["auroc"]["mean"] for one in made])
    return f"Validation minus test: {gap:+.3f}."


def beside_error(figure: Figure) -> Figure:
    """AUROC by a score that labels were fitted to, with that of the reconstruction error alone."""

    def value(made: Sequence[Made]) -> Value:
        by_error = float(np.mean([one.metrics["error_auroc"]["mean"] for one in made]))
        found = figure(made)
        said = (
            "Scored by the mixture, which is fitted on labelled validation images; by the error "
            f"alone, as published: {by_error:.3f}."
        )
        more = {**found.more, "by_error": round(by_error, 4)}
        return replace(found, note=f"{found.note} {said}".strip(), more=more)

    return value


def diverged(made: Sequence[Made]) -> str:
    """Which trainings are no whole ones."""
    count = sum(len(one.metrics["diverged_seeds"]) for one in made)
    if not count:
        return ""
    word = "training" if count == 1 else "trainings"
    return f"{count} {word} diverged: the best epoch before counts."


def which_published(made: Sequence[Made]) -> str:
    """Which published set the best of a search is, if it is one in all that was searched."""
    best, searched = load_space(made[0].folder.best), load_space(made[0].folder.space).search
    found = detectors.resolve(best.detector, best.fixed)
    for name, own in detectors.published(best.detector).items():
        published = detectors.resolve(best.detector, own)
        if all(found[key] == published[key] for key in {*own, *searched}):
            return f"The best found is the published {name} itself."
    return ""


def sizes(made: Sequence[Made]) -> str:
    """The number of test images."""
    return f"Test {made[0].metrics['splits']['test']['images']} images."
