"""Whether to use the model that a retrain leaves: what its test figures come to, in a sentence."""

from dataclasses import dataclass

from tuner.figures.metrics import (
    BEST,
    DEFAULTS,
    PCA,
    Metrics,
    is_made,
    keyed_blocks,
    model_ahead,
    model_decisions,
    model_test,
)
from tuner.figures.verdicts import is_ahead, is_behind
from tuner.figures.words import share

_SIMPLE = "a trivial baseline that trains nothing"
_BEFORE = (
    " So an earlier retrain of this configuration on the same split has found; this one did not "
    "test it."
)
_REAL_ONES = " How many real defects it misses is not known."


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A sentence; `instead` is the detector to take in place of a model that is advised against.

    It is "" where the model may be used, and `BEST` where the search has to find a better one.
    """

    sentence: str
    instead: str = ""


def advice(metrics: Metrics) -> Advice:
    """What to do with the model of the best.

    It is read off the test figures and changes nothing that is recorded.
    """
    if better := rival(metrics):
        return _against(better, metrics)
    ahead = model_ahead(metrics)
    if PCA not in ahead or metrics["detector"] == PCA:
        return Advice(sentence=f"{_usable(metrics)} {_tested_beside(metrics)}")
    if not is_ahead(ahead[PCA]):
        sentence = (
            f"This model is not shown to be better than PCA, {_SIMPLE} and costs less: it is not "
            "needed, as far as these test images tell."
        )
        return Advice(sentence=sentence)
    return Advice(sentence=_usable(metrics))


def rival(metrics: Metrics) -> Metrics:
    """The strongest contender that is ahead of the best, with its lead; {} where there is none.

    Where nothing in the report is, it may be one of the report that this one has replaced.
    """
    blocks = keyed_blocks(metrics)
    better = [key for key in blocks if key != BEST and _beats(key, metrics)]
    if not better:
        before: Metrics = metrics.get("beaten_before", {})
        return before
    key = max(better, key=lambda key: _auroc(blocks[key]))
    block, lead = blocks[key], -model_ahead(metrics)[key]["auroc"]
    return {"key": key, "label": block["label"], "detector": block["detector"], "lead": lead}


def _tested_beside(metrics: Metrics) -> str:
    """What the best was held against where none is simpler, or PCA is not among them."""
    blocks = keyed_blocks(metrics)
    others = [block["label"] for key, block in blocks.items() if key != BEST]
    if not others:
        return "No simpler detector was tested beside it in this retrain."
    lacking = "" if metrics["detector"] == PCA else "; PCA was not among them"
    return f"Nothing tested beside it ({'; '.join(others)}) is shown to be better{lacking}."


def _beats(key: str, metrics: Metrics) -> bool:
    """Whether that contender is ahead of the model, or of the mean of what it is the best of."""
    figure = model_ahead(metrics).get(key)
    return figure is not None and is_behind(figure)


def _auroc(block: Metrics) -> float:
    return float(block["test"]["auroc"]["mean"])


def _against(better: Metrics, metrics: Metrics) -> Advice:
    key, detector = better["key"], better["detector"]
    before = "" if key in keyed_blocks(metrics) else _BEFORE
    if detector == metrics["detector"]:
        own = better["label"] if key == DEFAULTS else "the detector's own defaults"
        sentence = f"Do not use this model: {own} do better on the test images. Search further."
        return Advice(sentence=sentence + before, instead=BEST)
    if detector == "random":
        sentence = "Do not use this model: random scores do better. Search further."
        return Advice(sentence=sentence + before, instead=BEST)
    name, searched = ("PCA", "PCA") if key == PCA else (better["label"], detector)
    simple = f", {_SIMPLE}," if key == PCA else ""
    sentence = (
        f"Do not use this model: {name}{simple} is better on the test images by "
        f"{better['lead']:.4f} of AUROC. Search {searched} instead."
    )
    return Advice(sentence=sentence + before, instead=detector)


def _usable(metrics: Metrics) -> str:
    """What it misses is said beside it: whether that will do is the user's to say."""
    counts = model_decisions(metrics)
    missed, flagged = counts["false_negatives"], counts["false_positives"]
    anomalies, normals = missed + counts["true_positives"], flagged + counts["true_negatives"]
    made = is_made(metrics)
    kind, unknown = ("synthetic anomalies", _REAL_ONES) if made else ("anomalies", "")
    errors = (
        f"it misses {missed / anomalies:.1%} of {kind} and flags {flagged / normals:.1%} of normal "
        "images"
    )
    if missed > anomalies / 2 or flagged > normals / 2:
        allowed = model_test(metrics).get("miss_rate_at_5")
        other = (
            ""
            if allowed is None
            else (
                f" One that flags 5% of the normal test images misses {share(allowed)} of {kind}."
            )
        )
        return (
            f"Do not use this model's own threshold: {errors} with it. Its scores may still serve, "
            f"with a threshold of yours on what `tuner.score` writes.{other}{unknown}"
        )
    return (
        f"Use this model if you can live with its errors: at its own threshold {errors}.{unknown}"
    )
