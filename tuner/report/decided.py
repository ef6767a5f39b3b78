"""What the model that is kept decides on each test image, by the scores that the retrain left."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Scores
from tuner.figures.metrics import BEST, Metrics, model_key, model_place, model_test
from tuner.report.arrays import Arrays, read_arrays
from tuner.report.material import Material

_NEEDED = ("test_label", f"test_{BEST}")
_OF_KINDS = "test_class"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """An image: its `name` in a folder, or where it stands in the published test part; its kind."""

    name: str
    kind: str
    score: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Decisions:
    """Images by group, the clearest of each first."""

    detected: list[Decided]
    missed: list[Decided]
    false_alarms: list[Decided]

    def kinds(self, group: str) -> list[tuple[str, int]]:
        """How many of a group are of which kind, the most frequent first."""
        return Counter(one.kind for one in getattr(self, group)).most_common()


def scores_of(material: Material, metrics: Metrics) -> Arrays | None:
    """The scores of all test images; None where there are none that fit the figures."""
    arrays = read_arrays(material.folder.scores, _NEEDED)
    if arrays is None:
        return None
    seeds, scores = len(metrics["configuration"]["seeds"]), arrays[f"test_{BEST}"]
    whole = scores.shape == (seeds, len(arrays["test_label"]))
    return arrays if whole and f"test_{model_key(metrics)}" in arrays else None


def model_scores(metrics: Metrics, arrays: Arrays) -> Scores:
    """Those of the model, of all test images."""
    scores: Scores = arrays[f"test_{model_key(metrics)}"][model_place(metrics)]
    return scores


def model_threshold(metrics: Metrics) -> float:
    """The model's own threshold."""
    return float(model_test(metrics)["threshold"]["seeds"][model_place(metrics)])


def decisions(material: Material, metrics: Metrics) -> Decisions | None:
    """All of them; None where the scores are gone, or an earlier version did not name the kinds."""
    arrays, names = scores_of(material, metrics), metrics.get("classes")
    if arrays is None or names is None or _OF_KINDS not in arrays:
        return None
    score, anomalous = model_scores(metrics, arrays), arrays["test_label"].astype(bool)
    flagged = score > model_threshold(metrics)
    highest, lowest = np.argsort(-score, kind="stable"), np.argsort(score, kind="stable")

    named = _names(arrays)
    kinds = [names[each] if each < len(names) else "synthetic" for each in arrays[_OF_KINDS]]

    def images(rows: NDArray[np.int64], group: NDArray[np.bool_]) -> list[Decided]:
        return [
            Decided(name=named[row], kind=kinds[row], score=float(score[row]))
            for row in rows[group[rows]].tolist()
        ]

    return Decisions(
        detected=images(highest, anomalous & flagged),
        missed=images(lowest, anomalous & ~flagged),
        false_alarms=images(highest, ~anomalous & flagged),
    )


def _names(arrays: Arrays) -> list[str]:
    """What a reader finds each image by; "" of one that was made."""
    count = len(arrays["test_label"])
    files = arrays.get("test_name", np.array([], dtype=str)).tolist()
    rows = arrays.get("test_index", np.full(count, -1)).tolist()
    numbered = [f"test image {row}" if row >= 0 else "" for row in rows]
    return [*files, *numbered[len(files) :]] if files else numbered
