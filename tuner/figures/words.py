"""Figures as the report's lines write them."""

import textwrap
from collections.abc import Sequence
from typing import Any, Literal

WIDTH = 100
INSPECTION = {
    "miss_rate_at_1": "miss @1%",
    "miss_rate_at_5": "miss @5%",
    "balanced_accuracy": "bal. acc.",
}
"""What comes first in every report, by its name in metrics.json: as the head of a column."""
_LEAST = 0.0001
"""The least that four decimals can say."""
MIXTURE_IS_SUPERVISED = (
    "A mixture is a weighted sum of a detector's score parts whose weights are fitted on labelled "
    "validation images: it has seen anomalies, which makes a one-class detector a supervised one."
)
"""What every figure by a mixture must be read beside; metrics.json has it too."""


def prose(*sentences: str) -> list[str]:
    """The sentences one after the other, as lines of at most 100 characters."""
    return textwrap.wrap(" ".join(sentences), WIDTH, break_on_hyphens=False, break_long_words=False)


def spread_text(figure: dict[str, Any]) -> str:
    """The mean over seeds, and the standard deviation where there are several."""
    mean, std = f"{figure['mean']:.4f}", figure["std"]
    if std is None:
        return mean
    if std < _LEAST / 2:  # four decimals would say 0.0000
        return f"{mean} ± <{_LEAST}"
    return f"{mean} ± {std:.4f}"


def share(figure: dict[str, Any] | None) -> str:
    """A mean as a percentage; a dash where an earlier version did not have the figure."""
    return "-" if figure is None else f"{figure['mean']:.1%}"


def interval_text(ends: Sequence[float]) -> str:
    """A difference's 95% interval."""
    return f"95% interval {ends_text(ends, '+')}"


def ends_text(ends: Sequence[float], sign: Literal["", "+"] = "") -> str:
    """Both ends of an interval, with a sign where they are those of a difference."""
    low, high = ends
    return f"{low:{sign}.4f} to {high:{sign}.4f}"


def opened_times(openings: dict[str, Any]) -> tuple[str, str]:
    """How often the test split was opened: for the configuration, and for its images by any."""
    least = "at least " if openings.get("at_least") else ""
    of_configuration, of_task = (openings[name] for name in ("of_configuration", "of_task"))
    return f"{least}{_times(of_configuration)}", f"{least}{_times(of_task)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
