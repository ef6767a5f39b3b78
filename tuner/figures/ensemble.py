"""What is known of an ensemble of several trainings, as metrics.json has it, in words."""

from collections.abc import Mapping
from typing import Any

from tuner.figures.metrics import BEST, ENSEMBLE, Metrics
from tuner.figures.words import interval_text


def ensemble_sentences(metrics: Metrics) -> list[str]:
    """What validation says of it, and test where it is the model; [] where none was asked for."""
    if not metrics["configuration"].get(ENSEMBLE):
        return []
    block = metrics.get(ENSEMBLE)
    if block is None:
        return [
            "No ensemble was made: it takes two trainings that have not diverged, one of them of "
            "the best."
        ]
    count = len(block["members"])
    metric = block["metric"].upper()
    value, single = f"{block['validation']:.4f}", f"{block['single']:.4f}"
    mean = f"The mean of the standardised scores of {count} trainings ({_by_label(block)})"
    if not block["kept"]:
        return [
            f"{mean} has {metric} {value} on validation, and the best single training {single}: no "
            "ensemble is kept."
        ]
    ahead, test = block["ahead"][BEST], block["test"]["auroc"]["mean"]
    word = "more" if ahead["auroc"] >= 0 else "less"
    return [
        f"{mean} has {metric} {value} on validation, and the best single training {single}: the "
        "ensemble is the model.",
        f"On test it has AUROC {test:.4f}, {abs(ahead['auroc']):.4f} {word} than the mean of "
        f"{metrics['label']}'s trainings ({interval_text(ahead['ci95'])}). Each image is scored "
        f"{count} times.",
    ]


def _by_label(block: Mapping[str, Any]) -> str:
    """How many members are of which trial or configuration."""
    counts: dict[str, int] = {}
    for each in block["members"]:
        counts[each["label"]] = counts.get(each["label"], 0) + 1
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{number} of {label}" for label, number in counts.items())
