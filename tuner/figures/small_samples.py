"""What figures on few images are worth, and what became of them from validation to test."""

import math

from models.data.counts import LEAST_OF_A_KIND, JudgingCounts
from tuner.cli.text import counted
from tuner.figures.metrics import Metrics, is_made


def few_normals(splits: Metrics) -> str:
    """What miss rates mean where a percent of the normal test images is less than one; or ""."""
    normals = splits["test"]["images"] - splits["test"]["anomalous"]
    allowed = [f"{percent}%" for percent in (1, 5) if math.floor(normals * percent / 100) < 1]
    if not allowed:
        return ""
    return (
        f"Test has {counted(normals, 'normal image')}: {' and '.join(allowed)} of them "
        f"{'is' if len(allowed) == 1 else 'are'} less than one, so no false alarm is allowed there."
    )


def few_images(splits: Metrics) -> list[str]:
    """What too few images of a kind make of the figures."""
    said = {
        "validation": "which epoch was kept and where the thresholds lie is mostly chance",
        "test": "all figures on it are mostly chance",
    }
    found = []
    for name, what in said.items():
        if name not in splits:
            continue
        anomalies = splits[name]["anomalous"]
        counts = JudgingCounts(normals=splits[name]["images"] - anomalies, anomalies=anomalies)
        if counts.few:
            part = "Validation" if name == "validation" else "The test split"
            found.append(f"{part} has {counts.few} images, fewer than {LEAST_OF_A_KIND}: {what}.")
    return found


def drop_sentence(metrics: Metrics) -> str:
    """How far the AUROC falls from validation to test, where the test images show it; or ""."""
    ends = metrics["test"]["auroc"].get("ci95")
    validation = metrics.get("validation", {}).get("auroc")
    if ends is None or validation is None or validation["mean"] <= ends[1]:
        return ""
    made = " on synthetic anomalies" if metrics["selection"] == "synthetic-val" else ""
    made = "" if made and is_made(metrics) else made
    return (
        f"From validation to test its AUROC falls from {validation['mean']:.4f}{made} to "
        f"{metrics['test']['auroc']['mean']:.4f}: validation chose its settings, its epoch and its "
        "threshold, so what it reaches there is too good to be expected elsewhere."
    )
