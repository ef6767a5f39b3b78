"""What a search can maximise, all of it on validation. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from models.data.config import DataConfig
from models.evaluation.criteria_names import CRITERIA

METRICS = ("auroc", "auprc", *CRITERIA)
Objective = Literal[
    "best_auroc",
    "auroc",
    "best_auprc",
    "auprc",
    "best_npd",
    "npd",
    "best_rtm",
    "rtm",
    "best_eag",
    "eag",
]


LABEL_FREE_OBJECTIVE: Objective = "best_auroc"
"""What `tuner.new` proposes for a folder of normal pictures alone: AUROC on synthetic anomalies.

It ranks configurations nearer to the true validation AUROC than the criteria that need no anomaly:
benchmarks/label_free.py.
"""


def metric_of(objective: str) -> str:
    """The metric behind an objective: `auroc` for both `best_auroc` and `auroc`."""
    return objective.removeprefix("best_")


def needs_noise(data: DataConfig, objective: str) -> bool:
    """Whether validation scores images of noise: the criteria that need no anomaly look at them."""
    return data.validation == "synthetic" or metric_of(objective) in CRITERIA


def best_values(
    metrics: Mapping[str, float], before: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """`best_<metric>` of an epoch: the highest of it and those `before`, of each metric it has."""
    return {
        f"best_{name}": max([*(row[name] for row in before if name in row), metrics[name]])
        for name in METRICS
        if name in metrics
    }
