"""metrics.json: the file, the blocks of its contenders, and what was detected where."""

import hashlib
import json
from pathlib import Path
from typing import Any

from models.data.registry import DATASETS
from tuner.errors import TunerError
from tuner.record.own_files import read_own_text

BEST, DEFAULTS, AUTOENCODER, PCA = "best", "defaults", "autoencoder", "pca"
ENSEMBLE = "ensemble"
"""Of several trainings of the best: what is known of it, where one was asked for."""

Metrics = dict[str, Any]
"""The content of metrics.json."""
_SUM = "sha256"


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


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write metrics.json with a sum over it; ValueError for a figure that is not finite."""
    plain = json.loads(json.dumps(metrics, allow_nan=False))
    text = json.dumps(plain | {_SUM: _sum_of(plain)}, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")


def _sum_of(metrics: Metrics) -> str:
    return hashlib.sha256(json.dumps(metrics, sort_keys=True).encode()).hexdigest()


def keyed_blocks(metrics: Metrics) -> dict[str, Metrics]:
    """The best first, then the published defaults if they were trained, then the baselines."""
    defaults = {DEFAULTS: metrics[DEFAULTS]} if DEFAULTS in metrics else {}
    return {BEST: metrics, **defaults, **metrics["baselines"]}


def shown_blocks(metrics: Metrics) -> dict[str, Metrics]:
    """What has figures on test, as tables and curves show it: an ensemble after the best."""
    (key, best), *others = keyed_blocks(metrics).items()
    ensemble = {ENSEMBLE: metrics[ENSEMBLE]} if is_ensemble(metrics) else {}
    return {key: best, **ensemble, **dict(others)}


def is_ensemble(metrics: Metrics) -> bool:
    """Whether the model is an ensemble of several trainings."""
    return bool(metrics.get(ENSEMBLE, {}).get("kept", False))


def model_key(metrics: Metrics) -> str:
    """By which the model's scores are named."""
    return ENSEMBLE if is_ensemble(metrics) else BEST


def model_place(metrics: Metrics) -> int:
    """The model's place in its figures and scores: among the seeds of the best, or the only one."""
    seeds, kept = metrics["configuration"]["seeds"], metrics.get("model_seed")
    return seeds.index(kept) if kept in seeds and not is_ensemble(metrics) else 0


def model_block(metrics: Metrics) -> Metrics:
    """The block that has the model's figures, at `model_place` among others' where it is of one."""
    block: Metrics = metrics[ENSEMBLE] if is_ensemble(metrics) else metrics
    return block


def model_test(metrics: Metrics) -> Metrics:
    """The test figures that have the model's at `model_place`."""
    figures: Metrics = model_block(metrics)["test"]
    return figures


def model_ahead(metrics: Metrics) -> Metrics:
    """By contender, how far the model is ahead on test: of an ensemble itself, else of the best."""
    ahead: Metrics = model_block(metrics).get("ahead", {})
    return {key: figure for key, figure in ahead.items() if key != BEST}


def model_decisions(metrics: Metrics) -> dict[str, int]:
    """What the model decides on test at its own threshold: counts of images."""
    counts: dict[str, int] = model_test(metrics)["confusion"]["seeds"][model_place(metrics)]
    return counts


def is_made(metrics: Metrics) -> bool:
    """Whether the test anomalies are synthetic; earlier versions knew labelled ones alone."""
    return bool(metrics.get("test_anomalies") == "synthetic")


def task_title(metrics: Metrics) -> str:
    """What was detected where: "fashion-mnist, normal: T-shirt/top".

    Says so where figures are on synthetic anomalies; pictures have it as their title.
    """
    title = f"{_dataset(metrics)}, normal: {', '.join(_normal(metrics))}"
    if is_made(metrics):
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
