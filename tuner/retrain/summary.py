"""The report as a person reads it in a terminal: plain lines. Imports nothing heavy.

Of reports of earlier versions it shows what they have.
"""

from typing import Any

from models import detectors
from models.evaluation.criteria_names import CRITERIA, RANK_CORRELATIONS
from tuner.cli.text import aligned, counted
from tuner.figures.candidates import choice_lines
from tuner.figures.ensemble import ensemble_sentences
from tuner.figures.metrics import (
    AUTOENCODER,
    BEST,
    Metrics,
    is_ensemble,
    is_made,
    keyed_blocks,
    model_block,
    model_decisions,
    model_place,
    model_test,
    shown_blocks,
    task_title,
)
from tuner.figures.small_samples import few_images, few_normals
from tuner.figures.verdicts import kind_lines, pixel_lines, verdict_lines
from tuner.figures.words import INSPECTION, ends_text, opened_times, prose, share, spread_text
from tuner.retrain.divergences import divergence_lines

_HEADINGS = ("", *INSPECTION.values(), "test AUROC", "95% CI", "AUPRC")


def summary_lines(metrics: Metrics) -> list[str]:
    """A table of the contenders on the test split, and what its figures must be read beside."""
    parts = (
        _head(metrics),
        choice_lines(metrics["chosen_among"]) if "chosen_among" in metrics else [],
        aligned([_HEADINGS, *(_cells(block) for block in shown_blocks(metrics).values())]),
        prose(*ensemble_sentences(metrics)),
        divergence_lines(metrics),
        _beside(metrics),
        verdict_lines(metrics),
        pixel_lines(metrics),
        kind_lines(metrics),
        _decisions(metrics),
    )
    return [line for part in parts if part for line in ("", *part)][1:]


def _head(metrics: Metrics) -> list[str]:
    configuration = metrics["configuration"]
    data = configuration["data"]
    seeds, epochs = len(configuration["seeds"]), configuration["epochs"]
    known = (
        f"{data['anomalies_per_normal']:g} known anomalies to a normal image, drawn from "
        f"{counted(data['clusters'], 'cluster')}"
    )
    learns = detectors.learns_anomalies(configuration["contenders"][BEST]["detector"])
    if not learns or not data["anomalies_per_normal"]:
        known = "normal images alone"
    lines = [
        *prose(
            f"Test report: {metrics['label']} on {task_title(metrics)}, "
            f"{counted(seeds, 'fresh seed')}{_of_others(configuration)} of at most "
            f"{counted(epochs, 'epoch')}"
        ),
        *prose(f"Fit: {known}.", _chosen(metrics)),
    ]
    if is_made(metrics):
        lines += prose(
            "The test part has normal images alone: every test figure below is on synthetic "
            "anomalies made of them."
        )
    return lines


def _of_others(configuration: Metrics) -> str:
    """How many seeds the others have where the best, which was chosen among several, has more."""
    counts = configuration.get("seeds_of_others")
    return f" ({counts[0]} of the others)" if counts else ""


def _chosen(metrics: Metrics) -> str:
    """By what epochs and thresholds were chosen."""
    metric = metrics["configuration"]["metric"]
    synthetic = metrics["selection"] == "synthetic-val"
    if metric not in CRITERIA and not synthetic:
        return (
            f"Epoch chosen on validation, by {metric.upper()}; thresholds where a logistic "
            "regression on its labels says one half."
        )
    if metric in CRITERIA:
        mean = RANK_CORRELATIONS[metric][0]
        epoch = (
            f"Epoch chosen by {metric.upper()}, which needs no anomaly and is weak (rank "
            f"correlation with true AUROC {mean:.2f})"
        )
    else:
        epoch = f"Epoch chosen by {metric.upper()} on synthetic anomalies of validation"
    if synthetic:
        return f"{epoch}; threshold: 95% of validation's normal images lie below."
    return f"{epoch}; thresholds fitted on validation's labels."


def _cells(block: Metrics) -> tuple[str, ...]:
    test = block["test"]
    return (
        block["label"],
        *(share(test.get(name)) for name in INSPECTION),
        spread_text(test["auroc"]),
        ends_text(test["auroc"]["ci95"]),
        f"{test['auprc']['mean']:.4f}",
    )


def _beside(metrics: Metrics) -> list[str]:
    test = metrics["splits"]["test"]
    sentences = (
        "miss @1%: the share of anomalies missed where at most 1% of normal test images are "
        "flagged; @5% likewise.",
        "bal. acc.: the mean of the shares of normal and of anomalous images that are decided "
        "rightly at the threshold from validation; chance has 50%.",
        "± is the standard deviation over seeds, the interval a bootstrap of the test images.",
        f"The test split has {test['images']:,} images, {test['anomaly_rate']:.1%} anomalous: "
        "chance has that AUPRC.",
        *filter(None, [few_normals(metrics["splits"])]),
        *few_images(metrics["splits"]),
        *_by_score(metrics),
    )
    return [line for sentence in sentences for line in prose(sentence)]


def _by_score(metrics: Metrics) -> list[str]:
    """Which score each row is by; earlier versions did not write it down."""
    named = [
        f"{block['label']} {block['score']}"
        for block in keyed_blocks(metrics).values()
        if "score" in block
    ]
    return [f"The score that each is judged by: {', '.join(named)}."] if named else []


def _decisions(metrics: Metrics) -> list[str]:
    lines = []
    for key, block in keyed_blocks(metrics).items():
        if key == BEST:
            lines += prose(_decided(f"{block['label']} at its threshold", block["test"]))
            lines += prose(_of_model(metrics)) if "model_seed" in metrics else []
        for name, splits in _error_decisions(key, block).items():
            what = (
                f"{block['label']}, reconstruction error above "
                f"{splits['test']['threshold']['mean']:.4f} ({_WORDS.get(name, name)})"
            )
            lines += prose(_decided(what, splits["test"]))
    flag_all = metrics["splits"]["test"]["flag_everything_f1"]
    return [
        *lines,
        *prose(_gaps(metrics)),
        *[line for text in metrics.get("left_out", []) for line in prose(text)],
        *prose(_openings(metrics)),
        *prose(
            f"F1 at the threshold: {metrics['test']['f1']['mean']:.4f}; "
            f"flagging every image has {flag_all:.4f}."
        ),
    ]


def _error_decisions(key: str, block: Metrics) -> dict[str, Any]:
    """The decisions on the error alone that say more than those on the score."""
    decisions = block["error_decisions"]
    if key == AUTOENCODER:
        return {name: each for name, each in decisions.items() if name != "regression"}
    return dict(decisions) if key == BEST and "error_auroc" in block else {}


def _decided(what: str, figures: Metrics) -> str:
    rates = [_rates(one) for one in figures["confusion"]["seeds"]]
    false_alarms, missed = (sum(column) / len(rates) for column in zip(*rates, strict=True))
    return f"{what}: {false_alarms:.1%} false alarms, {missed:.1%} missed"


def _of_model(metrics: Metrics) -> str:
    """The figures of the one training, or the ensemble, that is the model."""
    false_alarms, missed = _rates(model_decisions(metrics))
    auroc = model_test(metrics)["auroc"]["seeds"][model_place(metrics)]
    of_one = "best of the seeds on validation"
    which = model_block(metrics)["label"] if is_ensemble(metrics) else of_one
    return (
        f"The model that is kept, the {which}: {false_alarms:.1%} false alarms, {missed:.1%} "
        f"missed, test AUROC {auroc:.4f}"
    )


def _rates(counts: dict[str, int]) -> tuple[float, float]:
    """The share of normals that is flagged, and that of anomalies that is not."""
    normals = counts["true_negatives"] + counts["false_positives"]
    anomalies = counts["true_positives"] + counts["false_negatives"]
    return counts["false_positives"] / normals, counts["false_negatives"] / anomalies


_WORDS = {
    "regression": "logistic regression on validation",
    "training_loss": "its mean training loss, the published threshold",
    "quantile_0.95": "0.95 quantile of validation normals",
}


def _gaps(metrics: Metrics) -> str:
    gaps = ", ".join(
        f"{block['label']} {block['validation_minus_test']['auroc']['mean']:+.4f}"
        for block in keyed_blocks(metrics).values()
    )
    validation = "Validation AUROC"
    if metrics["selection"] == "synthetic-val":
        validation += ", on synthetic anomalies,"
    return f"{validation} minus test AUROC: {gaps}"


def _openings(metrics: Metrics) -> str:
    openings = metrics["openings"]
    of_configuration, of_task = opened_times(openings)
    unknown = " Whether the search that it comes from opened it before is not known."
    return (
        f"The test split was opened {of_configuration} for this configuration, {of_task} for these "
        f"images in these searches.{unknown if openings.get('at_least') else ''}"
    )
