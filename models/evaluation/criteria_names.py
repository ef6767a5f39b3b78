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
