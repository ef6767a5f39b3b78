"""How well each kind of anomaly is told from the normal images. Pure functions."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import Labels, Scores
from models.evaluation.metrics import auroc
from tuner.retrain.evaluation import spread


def by_kind(
    labels: Labels, classes: NDArray[np.int64], names: Sequence[str], scores: Sequence[Scores]
) -> dict[str, dict[str, Any]]:
    """AUROC over seeds of the anomalies of each class beside all normals, and their number.

    `labels` and `classes` are [N], classes indices into `names`; so are the scores of each seed.
    """
    kinds = np.unique(classes[labels])
    return {names[kind]: _of(labels, classes == kind, scores) for kind in kinds}


def seen_and_unseen(
    labels: Labels,
    classes: NDArray[np.int64],
    seen: Collection[int],
    scores: Sequence[Scores],
) -> dict[str, dict[str, Any]]:
    """The same for anomalies of the classes that were seen before test, and for those of others.

    A part without images is left out.
    """
    is_seen = np.isin(classes, list(seen))
    parts = {"seen": is_seen, "unseen": ~is_seen}
    return {
        name: _of(labels, chosen, scores)
        for name, chosen in parts.items()
        if (labels & chosen).any()
    }


def _of(labels: Labels, chosen: Labels, scores: Sequence[Scores]) -> dict[str, Any]:
    kept = ~labels | chosen
    return {
        "auroc": spread([auroc(labels[kept], score[kept]) for score in scores]),
        "images": int((labels & chosen).sum()),
    }
