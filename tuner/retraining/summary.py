"""The report as a person reads it in a terminal: plain lines. Imports nothing heavy."""

from collections.abc import Sequence
from typing import Any

from models import detectors
from tuner.retraining.plan import BEST
from tuner.retraining.report import Metrics, keyed_blocks, task_title

_HEADINGS = ("", "test AUROC", "95% CI", "test AUPRC", "test F1", "validation - test")


def summary_lines(metrics: Metrics) -> list[str]:
    """A table of the contenders on the test split, and what its figures must be read beside."""
    return [
        *_head(metrics),
        "",
        *_aligned([_HEADINGS, *(_cells(block) for block in keyed_blocks(metrics).values())]),
        "",
        *_beside(metrics),
        *_decisions(metrics),
        _openings_line(metrics),
    ]


def _head(metrics: Metrics) -> list[str]:
    configuration = metrics["configuration"]
    data = configuration["data"]
    seeds, epochs = len(configuration["seeds"]), configuration["epochs"]
    known = (
        f"{data['anomalies_per_normal']:g} known anomalies to a normal image, drawn from "
        f"{_count(data['clusters'], 'cluster')}"
    )
    if not detectors.learns_anomalies(configuration["contenders"][BEST]["detector"]):
        known = "normal images alone"
    return [
        f"Test report: {metrics['label']} on {task_title(metrics)}, "
        f"{_count(seeds, 'fresh seed')} of at most {_count(epochs, 'epoch')}",
        f"Fit: {known}. "
        f"Epoch and thresholds chosen on validation, by {configuration['metric'].upper()}.",
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cells(block: Metrics) -> tuple[str, ...]:
    test = block["test"]
    low, high = test["auroc"]["ci95"]
    return (
        block["label"],
        _spread(test["auroc"]),
        f"{low:.4f} to {high:.4f}",
        _spread(test["auprc"]),
        _spread(test["f1"]),
        f"{block['validation_minus_test']['auroc']['mean']:+.4f}",
    )


def _spread(figure: dict[str, Any]) -> str:
    if figure["std"] is None:
        return f"{figure['mean']:.4f}"
    return f"{figure['mean']:.4f} ± {figure['std']:.4f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _beside(metrics: Metrics) -> list[str]:
    test = metrics["splits"]["test"]
    return [
        f"The test split has {test['images']:,} images, {test['anomaly_rate']:.1%} anomalous: "
        "chance has that AUPRC,",
        f"and flagging every image an F1 of {test['flag_everything_f1']:.4f}. "
        "F1 is at the threshold fitted on validation.",
        "± is the standard deviation over seeds, the interval a bootstrap of the test images.",
        "",
    ]


def _decisions(metrics: Metrics) -> list[str]:
    lines = []
    for block in keyed_blocks(metrics).values():
        for name, splits in block["error_decisions"].items():
            if name == "regression" and block is not metrics:
                continue
            test = splits["test"]
            lines.append(
                f"{block['label']}, reconstruction error above {test['threshold']['mean']:.4f} "
                f"({_WORDS.get(name, name)}): F1 {test['f1']['mean']:.4f}, "
                f"accuracy {test['accuracy']['mean']:.4f}"
            )
        lines += _divergences(block)
    return lines


_WORDS = {
    "regression": "logistic regression on validation",
    "training_loss": "its final mean training loss, the published threshold",
    "quantile_0.95": "0.95 quantile of validation normals",
}


def _divergences(block: Metrics) -> list[str]:
    return [
        f"{block['label']} seed {number} diverged in epoch {training['diverged_epoch']}; "
        f"epoch {training['kept_epoch']} counts"
        for number, training in enumerate(block["trainings"], 1)
        if training["diverged_epoch"] is not None
    ]


def _openings_line(metrics: Metrics) -> str:
    openings = metrics["openings"]
    return (
        f"The test split was opened {_times(openings['of_configuration'])} for this configuration, "
        f"{_times(openings['of_task'])} for this detector and class in these searches."
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
