"""metrics.json: put together from scores, and read again. Importing it loads no torch."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.errors import TunerError
from tuner.figures.metrics import BEST, DEFAULTS, PCA, Metrics, keyed_blocks
from tuner.record.own_files import read_own_text
from tuner.retrain.plan import Plan

if TYPE_CHECKING:
    from tuner.retrain.facts import Facts
    from tuner.retrain.scores import SeedScores

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
_SUM = "sha256"


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


def read_metrics(path: Path) -> Metrics | None:
    """What metrics.json holds, None where there is none.

    Raises TunerError where it is not as it was written. Those of earlier versions have no sum.
    """
    text = read_own_text(path)
    if text is None:
        return None
    try:
        metrics = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from None
    if not isinstance(metrics, dict):
        raise damaged(path, "it is no JSON object")
    if metrics.pop(_SUM, None) not in (None, _sum_of(metrics)):
        raise damaged(path, "it was changed after it was written")
    if not isinstance(metrics.get("configuration", metrics.get("mean")), dict):
        raise damaged(path, "it does not say what it is a report of")
    return metrics


def damaged(path: Path, why: str) -> TunerError:
    """The error for a report that cannot be relied on."""
    return TunerError(
        f"{path} is damaged: {why}. Bring it back from a copy; or train again, and open the test "
        "split again, with --again"
    )


def _sum_of(metrics: Metrics) -> str:
    return hashlib.sha256(json.dumps(metrics, sort_keys=True).encode()).hexdigest()


def make_metrics(
    plan: Plan, scores: "Mapping[str, Sequence[SeedScores]]", facts: "Facts"
) -> Metrics:
    """The whole report: the best at the top, the others below, each in the same shape."""
    from tuner.retrain.blocks import make_blocks  # noqa: PLC0415 - scikit-learn
    from tuner.retrain.evaluation import split_figures  # noqa: PLC0415
    from tuner.retrain.facts import dataset_title  # noqa: PLC0415

    made = make_blocks(plan, scores, facts)
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
        **({} if plan.claimed_gain is None else {"claimed_gain": plan.claimed_gain}),
        "splits": {name: split_figures(of_split) for name, of_split in facts.labels.items()},
        "selection": f"{plan.data.validation}-val",
        "test_anomalies": "synthetic" if facts.synthetic_test else "labelled",
        "openings": asdict(facts.openings),
        "configuration": plan.configuration(),
        "split_digest": facts.split.digest,
        "versions": _versions(),
    }


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write metrics.json with a sum over it; ValueError for a figure that is not finite."""
    plain = json.loads(json.dumps(metrics, allow_nan=False))
    text = json.dumps(plain | {_SUM: _sum_of(plain)}, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")


def flat_metrics(metrics: Metrics) -> dict[str, float]:
    """The test figures for a W&B run: "test/miss_rate_at_1", "test/random/auroc_std", ..."""
    flat: dict[str, float] = {}
    for key, block in keyed_blocks(metrics).items():
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
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a folder that is not installed
            versions[package] = "not installed"
    return versions
