"""metrics.json: put together from scores, and read again. Importing it loads no torch."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.data.registry import DATASETS
from tuner.retraining.gate import Openings
from tuner.retraining.plan import BEST, DEFAULTS, Contender, Plan
from tuner.seeds import derive

if TYPE_CHECKING:
    from models.arrays import Labels
    from tuner.retraining.scores import SeedScores

_PACKAGES = ("tuner", "torch", "numpy", "scikit-learn")

Metrics = dict[str, Any]
"""The content of metrics.json."""


def stored_metrics(plan: Plan) -> Metrics | None:
    """The report of an earlier retrain that has all that this plan asks for, or None."""
    try:
        metrics: Metrics = json.loads(plan.run_folder.metrics.read_text())
        stored = dict(metrics["configuration"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    asked = plan.configuration()
    there, wanted = stored.pop("contenders", {}), asked.pop("contenders")
    same = stored == asked and all(there.get(key) == wanted[key] for key in wanted)
    return metrics if same else None


def make_metrics(
    plan: Plan,
    scores: "dict[str, Sequence[SeedScores]]",
    labels: "dict[str, Labels]",
    *,
    openings: Openings,
    split_digest: str,
) -> Metrics:
    """The whole report: the best at the top, the others below, each in the same shape.

    `scores` by contender, `labels` by split ("validation", "test").
    """
    from tuner.retraining.evaluation import split_figures  # noqa: PLC0415 - scikit-learn

    blocks = {
        contender.key: _block(plan, contender, scores[contender.key], labels)
        for contender in plan.contenders
    }
    others = {key: block for key, block in blocks.items() if key not in (BEST, DEFAULTS)}
    return {
        **blocks[BEST],
        **({DEFAULTS: blocks[DEFAULTS]} if DEFAULTS in blocks else {}),
        "baselines": others,
        "splits": {name: split_figures(of_split) for name, of_split in labels.items()},
        "selection": "labelled-val",
        "openings": asdict(openings),
        "configuration": plan.configuration(),
        "split_digest": split_digest,
        "versions": _versions(),
    }


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write metrics.json; ValueError for a figure that is not finite."""
    path.write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def flat_metrics(metrics: Metrics) -> dict[str, float]:
    """The test figures for a W&B run: "test/auroc", "test/auroc_std", "test/random/auroc", ..."""
    flat: dict[str, float] = {}
    for key, block in keyed_blocks(metrics).items():
        prefix = "test/" if key == BEST else f"test/{key}/"
        for name in ("auroc", "auprc", "f1", "accuracy"):
            figure = block["test"][name]
            flat[f"{prefix}{name}"] = figure["mean"]
            if figure["std"] is not None:
                flat[f"{prefix}{name}_std"] = figure["std"]
    return flat


def keyed_blocks(metrics: Metrics) -> dict[str, Metrics]:
    """The best first, then the published defaults if they were trained, then the baselines."""
    defaults = {DEFAULTS: metrics[DEFAULTS]} if DEFAULTS in metrics else {}
    return {BEST: metrics, **defaults, **metrics["baselines"]}


def task_title(metrics: Metrics) -> str:
    """What was detected where: "fashion-mnist, normal: T-shirt/top"."""
    data = metrics["configuration"]["data"]
    names = DATASETS[data["dataset"]].class_names
    return f"{data['dataset']}, normal: {', '.join(names[index] for index in data['normal'])}"


def _block(
    plan: Plan,
    contender: Contender,
    seeds: "Sequence[SeedScores]",
    labels: "dict[str, Labels]",
) -> Metrics:
    """One contender's figures."""
    from tuner.retraining.evaluation import (  # noqa: PLC0415
        decision_figures,
        ranking_figures,
        spread,
    )

    block: Metrics = {"label": contender.label, "detector": contender.detector}
    for split, of_split in labels.items():
        scores = [getattr(seed, split).score for seed in seeds]
        bootstrap_seed = derive(plan.search_seed, f"bootstrap {split}", 0)
        block[split] = {
            **ranking_figures(of_split, scores, bootstrap_seed),
            **decision_figures(of_split, scores, [seed.threshold for seed in seeds]),
        }
    block["validation_minus_test"] = {
        name: spread(
            [
                before - after
                for before, after in zip(
                    block["validation"][name]["seeds"], block["test"][name]["seeds"], strict=True
                )
            ]
        )
        for name in ("auroc", "auprc", "f1", "accuracy")
    }
    block["error_decisions"] = _error_decisions(seeds, labels)
    block["trainings"] = [_training(plan, seed) for seed in seeds]
    return block


def _error_decisions(
    seeds: "Sequence[SeedScores]", labels: "dict[str, Labels]"
) -> dict[str, dict[str, Any]]:
    """Decisions on the reconstruction error alone, by the name of their threshold.

    "regression" is a logistic regression fitted on validation, cut at one half.
    """
    from tuner.retraining.evaluation import decision_figures  # noqa: PLC0415

    return {
        name: {
            split: decision_figures(
                of_split,
                [getattr(seed, split).error for seed in seeds],
                [seed.error_thresholds[name] for seed in seeds],
            )
            for split, of_split in labels.items()
        }
        for name in seeds[0].error_thresholds
    }


def _training(plan: Plan, seed: "SeedScores") -> dict[str, Any]:
    training = seed.training
    return {
        "seed": plan.seeds[training.number],
        "kept_epoch": training.kept_epoch,
        "diverged_epoch": training.diverged_epoch,
        f"validation_{plan.metric}": [row.metrics[plan.metric] for row in training.rows],
        "seconds": sum(row.seconds for row in training.rows),
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a folder that is not installed
            versions[package] = "not installed"
    return versions
