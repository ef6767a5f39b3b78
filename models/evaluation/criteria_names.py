"""The criteria that rank configurations without any anomaly. Torch-free.

What they compute is in `models.evaluation.label_free`.
"""

from __future__ import annotations

MEANINGS: dict[str, str] = {
    "npd": "how far the scores of Gaussian noise lie above those of held-out normals",
    "rtm": "how far the highest scores of held-out normals lie above their median",
    "eag": "how clearly the highest scores of held-out normals stand apart from the rest",
}
"""One line about each; of all, higher is better."""

CRITERIA: tuple[str, ...] = tuple(MEANINGS)

RANK_CORRELATIONS: dict[str, tuple[float, float, float]] = {
    "npd": (0.50, 0.10, 0.71),
    "rtm": (0.00, -0.76, 0.58),
    "eag": (0.35, -0.09, 0.66),
}
"""With the validation AUROC of true labels: mean, lowest and highest of five data sets, 36
configurations of the autoencoder each (Spearman; benchmarks/label_free.py)."""
SYNTHETIC_RANK_CORRELATION = (0.60, 0.17, 0.92)
"""The same of the AUROC on synthetic anomalies."""
