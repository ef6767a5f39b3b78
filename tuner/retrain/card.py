"""What a saved model is, in one file beside it: for those who export, publish or judge it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models import detectors
from models.detector_files import add_sum
from models.ensemble import Ensemble, Scoring
from tuner.figures.candidates import choice_sentences
from tuner.figures.ensemble import ensemble_sentences
from tuner.figures.metrics import ENSEMBLE, Metrics, model_block
from tuner.retrain.model_folder import CARD

_FIGURES = ("miss_rate_at_1", "miss_rate_at_5", "balanced_accuracy", "auroc", "auprc")


def make_card(metrics: Metrics, fitted: Scoring) -> dict[str, Any]:
    """The card of a report's model.

    `threshold` is the model's own. Figures are means over seeds, those of an ensemble its own.
    "synthetic" says that validation's anomalies were made, "test_anomalies" whether those of the
    figures were.
    """
    return {
        "dataset": metrics["dataset"],
        "normal": metrics["normal"],
        "classes": metrics["classes"],
        "protocol": _protocol(metrics),
        "synthetic": _synthetic(metrics),
        "test_anomalies": metrics["test_anomalies"],
        "detector": fitted.detector,
        "hyperparameters": fitted.hyperparameters,
        "figures": _figures(metrics),
        **choice_facts(metrics),
        **_ensemble_facts(metrics, fitted),
        "threshold": fitted.threshold,
        "versions": metrics["versions"],
        "date": datetime.now(UTC).date().isoformat(),
        "licence": None,
    }


def write_card(card: dict[str, Any], folder: Path) -> None:
    """Write it into the model's folder, with its sum beside those of the detector's files."""
    text = json.dumps(card, indent=2, allow_nan=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")
    add_sum(folder, CARD)


def _protocol(metrics: Metrics) -> str:
    data = metrics["configuration"]["data"]
    fit = "normal images alone"
    if detectors.learns_anomalies(metrics["detector"]) and data["anomalies_per_normal"]:
        fit = f"normal images and {data['anomalies_per_normal']:g} known anomalies to each"
    kind = "synthetic" if _synthetic(metrics) else "labelled"
    return f"{data['protocol']}; fit: {fit}; validation: {kind} anomalies"


def choice_facts(metrics: Metrics) -> dict[str, Any]:
    """Of a model that was chosen among candidates, how sure it is that it is the best of them."""
    if "chosen_among" not in metrics:
        return {}
    choice = metrics["chosen_among"]
    kept = ("chosen", "probability", "reached", "may_be_best", "cheapest")
    told = {key: choice[key] for key in kept}
    return {"chosen_among": {**told, "in_words": " ".join(choice_sentences(choice))}}


def _ensemble_facts(metrics: Metrics, fitted: Scoring) -> dict[str, Any]:
    """Of an ensemble which trainings it is of, and what it is held against."""
    if not isinstance(fitted, Ensemble):
        return {}
    block = metrics[ENSEMBLE]
    told = {name: block[name] for name in ("metric", "validation", "single")}
    members = [
        {**each, "hyperparameters": member.hyperparameters}
        for each, member in zip(block["members"], fitted.members, strict=True)
    ]
    in_words = " ".join(ensemble_sentences(metrics))
    return {"ensemble": {**told, "members": members, "in_words": in_words}}


def _synthetic(metrics: Metrics) -> bool:
    return bool(metrics["selection"] == "synthetic-val")


def _figures(metrics: Metrics) -> dict[str, Any]:
    block = model_block(metrics)
    test = block["test"]
    figures: dict[str, Any] = {f"test_{name}": _spread(test[name]) for name in _FIGURES}
    for name, figure in block.get("pixels", {}).items():
        figures[f"test_pixel_{name}"] = _spread(figure) if isinstance(figure, dict) else figure
    figures["baselines"] = {
        key: {"test_auroc": _spread(block["test"]["auroc"])}
        for key, block in metrics["baselines"].items()
    }
    return figures


def _spread(figure: dict[str, Any]) -> dict[str, Any]:
    """Mean and deviation over seeds, and the interval where there is one."""
    return {name: figure[name] for name in ("mean", "std", "ci95") if name in figure}
