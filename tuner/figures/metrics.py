"""metrics.json as it is read: the blocks of its contenders, and what was detected where."""

from typing import Any

from models.data.registry import DATASETS

BEST, DEFAULTS, AUTOENCODER, PCA = "best", "defaults", "autoencoder", "pca"

Metrics = dict[str, Any]
"""The content of metrics.json."""


def keyed_blocks(metrics: Metrics) -> dict[str, Metrics]:
    """The best first, then the published defaults if they were trained, then the baselines."""
    defaults = {DEFAULTS: metrics[DEFAULTS]} if DEFAULTS in metrics else {}
    return {BEST: metrics, **defaults, **metrics["baselines"]}


def task_title(metrics: Metrics) -> str:
    """What was detected where: "fashion-mnist, normal: T-shirt/top".

    Says so where figures are on synthetic anomalies; pictures have it as their title.
    """
    title = f"{_dataset(metrics)}, normal: {', '.join(_normal(metrics))}"
    if metrics.get("test_anomalies") == "synthetic":
        return f"{title}; on synthetic anomalies"
    if metrics["selection"] == "synthetic-val":
        return f"{title}; chosen on synthetic anomalies"
    return title


def _dataset(metrics: Metrics) -> str:
    """Earlier versions, which knew published data alone, wrote it in the configuration only."""
    return str(metrics.get("dataset") or metrics["configuration"]["data"]["dataset"])


def _normal(metrics: Metrics) -> list[str]:
    data = metrics["configuration"]["data"]
    if anomalous := data.get("anomalous"):
        return [f"all but {', '.join(map(str, anomalous))}"]
    if "normal" in metrics:
        return list(metrics["normal"])
    return [DATASETS[data["dataset"]].class_names[index] for index in data["normal"]]
