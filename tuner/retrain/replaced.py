"""What the report that a retrain replaces says of the same images, and must not be lost with it."""

import os
from typing import Any

from models.data.registry import FOLDER
from tuner.errors import TunerError
from tuner.figures.advice import rival
from tuner.figures.metrics import BEST, Metrics, read_metrics
from tuner.figures.task import whole_values
from tuner.retrain.plan import Plan

_TASK = ("dataset", "normal", "anomalous")


def reported_openings(plan: Plan, split_digest: str) -> dict[str, int]:
    """Openings as the report in the run's folder counts them, those that it is no witness of 0.

    A report that cannot be read, or says no number, is of one.
    """
    if not os.path.lexists(plan.run_folder.metrics):
        return {"of_configuration": 0, "of_task": 0}
    stored = _readable(plan)
    asked = plan.configuration()
    there = {} if stored is None else stored["configuration"]
    if stored is None or "data" not in there or BEST not in there.get("contenders", {}):
        return {"of_configuration": 1, "of_task": 1}
    same_images = _is_same_task(there["data"], asked["data"])
    if plan.data.dataset == FOLDER:  # whose pictures they are, only the split tells
        same_images &= stored.get("split_digest") == split_digest
    same_best = same_images and _best(there) == _best(asked)
    counts = stored.get("openings", {})
    return {
        "of_configuration": counts.get("of_configuration", 1) if same_best else 0,
        "of_task": counts.get("of_task", 1) if same_images else 0,
    }


def verdict_kept(plan: Plan, metrics: Metrics) -> Metrics:
    """What the replaced report has ahead of the same configuration, where `metrics` lacks it."""
    stored = _readable(plan)
    if stored is None or "test" not in stored:
        return {}
    there, now = stored["configuration"], metrics["configuration"]
    same = (
        stored.get("split_digest") == metrics["split_digest"]
        and there.get("data") == now["data"]
        and _best(there) == _best(now)
    )
    found = rival(stored) if same else {}
    return {} if found.get("key") in now["contenders"] else found


def _readable(plan: Plan) -> Metrics | None:
    """None of one that is damaged: who trains all the same has asked for it with --again."""
    try:
        return read_metrics(plan.run_folder.metrics)
    except TunerError:
        return None


def _is_same_task(there: dict[str, Any], asked: dict[str, Any]) -> bool:
    return all(there.get(key) == asked.get(key) for key in _TASK)


def _best(configuration: Metrics) -> tuple[str, dict[str, object]]:
    best = configuration["contenders"][BEST]
    return best["detector"], whole_values(best["detector"], best["hyperparameters"])
