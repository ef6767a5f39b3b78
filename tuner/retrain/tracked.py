"""A retrain as W&B is told of it: configuration, validation by epoch, test figures, pictures."""

from __future__ import annotations

from pathlib import Path

from tuner.figures.metrics import BEST, ENSEMBLE, Metrics, is_ensemble, keyed_blocks
from tuner.record.run_folder import RunFolder
from tuner.retrain.report import flat_metrics
from tuner.tracking.runs import Retrained


def retrained(metrics: Metrics, folder: RunFolder) -> Retrained:
    """What the run of a report holds; its pictures are those that lie beside it."""
    if "mean" in metrics:  # of each class in turn: its classes have reports
        return Retrained(config={}, rows=[], figures=_means(metrics), pictures=_pictures(folder))
    asked = metrics["configuration"]
    best = asked["contenders"][BEST]
    config = {
        "detector": best["detector"],
        "epochs": asked["epochs"],
        "seeds": asked["seeds"],
        **({"ensemble": len(metrics[ENSEMBLE]["members"])} if is_ensemble(metrics) else {}),
        **best["hyperparameters"],
    }
    return Retrained(
        config=config,
        rows=_rows(metrics),
        figures=flat_metrics(metrics),
        pictures=_pictures(folder),
    )


def _rows(metrics: Metrics) -> list[dict[str, float]]:
    """Of each epoch, the validation figure by which epochs are kept: of each seed that has it."""
    metric = metrics["configuration"]["metric"]
    rows: list[dict[str, float]] = []
    for key, block in keyed_blocks(metrics).items():
        for number, training in enumerate(block["trainings"], start=1):
            for epoch, value in enumerate(training[f"validation_{metric}"]):
                if epoch == len(rows):
                    rows.append({})
                rows[epoch][f"validation/{key}/seed-{number}/{metric}"] = value
    return rows


def _means(metrics: Metrics) -> dict[str, float]:
    """The means over classes, named as the figures of a single retrain are."""
    return {
        f"test/{'' if key == BEST else f'{key}/'}auroc": figure["mean"]
        for key, figure in metrics["mean"].items()
    }


def _pictures(folder: RunFolder) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.report.glob("*.png"))}
