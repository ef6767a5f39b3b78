"""metrics.json: put together from scores, and held against a plan. Importing it loads no torch."""

import platform
from typing import TYPE_CHECKING

from tuner.figures.metrics import (
    BEST,
    DEFAULTS,
    PCA,
    Metrics,
    read_metrics,
    shown_blocks,
)
from tuner.figures.task import dataset_title
from tuner.record.provenance import code_versions
from tuner.retrain.plan import Plan
from tuner.versions import installed

if TYPE_CHECKING:
    from tuner.retrain.contender_figures import Blocks
    from tuner.retrain.report_facts import Facts

_FLAT = (
    "miss_rate_at_1",
    "miss_rate_at_5",
    "balanced_accuracy",
    "auroc",
    "auprc",
    "accuracy",
    "f1",
)
_PACKAGES = ("tuner", "torch", "numpy", "scikit-learn")


def stored_metrics(plan: Plan) -> Metrics | None:
    """The report of an earlier retrain that has all that this plan asks for, or None.

    One of a version that did not know of PCA may lack that. Raises TunerError for one that is
    damaged: it may be the answer, and to train anew would open the test split again.
    """
    metrics = read_metrics(plan.run_folder.metrics)
    if metrics is None or "mean" in metrics:  # that is of a search with each class in turn
        return None
    stored = dict(metrics["configuration"])
    asked = plan.configuration()
    there, wanted = stored.pop("contenders", {}), asked.pop("contenders")
    if "classes" not in metrics and PCA not in there:
        wanted.pop(PCA, None)
    for key in plan.unasked:
        if key not in there:
            wanted.pop(key, None)
    same = stored == asked and all(there.get(key) == wanted[key] for key in wanted)
    return metrics if same else None


def make_metrics(plan: Plan, made: "Blocks", facts: "Facts") -> Metrics:
    """The whole report: the best at the top, the others below, each in the same shape."""
    from tuner.retrain.evaluation import split_figures  # noqa: PLC0415 - scikit-learn

    others = {key: block for key, block in made.blocks.items() if key not in (BEST, DEFAULTS)}
    return {
        "dataset": dataset_title(plan.data),
        "classes": list(facts.split.class_names),
        "normal": facts.normal_names,
        **made.blocks[BEST],
        **({DEFAULTS: made.blocks[DEFAULTS]} if DEFAULTS in made.blocks else {}),
        "baselines": others,
        "left_out": list(plan.left_out),
        "ahead": made.ahead,
        **({"ahead_by_error": made.ahead_by_error} if made.ahead_by_error else {}),
        **({} if plan.claimed_gain is None else {"claimed_gain": plan.claimed_gain}),
        **({} if plan.chosen_among is None else {"chosen_among": plan.chosen_among}),
        "splits": {name: split_figures(of_split) for name, of_split in facts.labels.items()},
        "selection": f"{plan.data.validation}-val",
        "test_anomalies": "synthetic" if facts.synthetic_test else "labelled",
        "openings": facts.openings.facts(),
        "configuration": plan.configuration(),
        "split_digest": facts.split.digest,
        "versions": _versions(),
    }


def flat_metrics(metrics: Metrics) -> dict[str, float]:
    """The test figures for a W&B run: "test/miss_rate_at_1", "test/random/auroc_std", ..."""
    flat: dict[str, float] = {}
    for key, block in shown_blocks(metrics).items():
        prefix = "test/" if key == BEST else f"test/{key}/"
        figures = {name: block["test"][name] for name in _FLAT}
        if "pixels" in block:
            figures |= {"pixel_auroc": block["pixels"]["auroc"], "pro": block["pixels"]["pro"]}
        for name, figure in figures.items():
            flat[f"{prefix}{name}"] = figure["mean"]
            if figure["std"] is not None:
                flat[f"{prefix}{name}_std"] = figure["std"]
    return flat


def _versions() -> dict[str, str]:
    """Of what is run from a folder there is none."""
    found = installed(_PACKAGES)
    return {
        "python": platform.python_version(),
        "code": code_versions()["tuner"],
        **{name: found.get(name, "not installed") for name in _PACKAGES},
    }
