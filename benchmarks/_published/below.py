"""What a figure below chance, or not above flagging everything, means: a sentence beside it."""

from __future__ import annotations

from models import detectors

CHANCE = 0.5
_ROUNDING = 1e-3
_REMADE = (
    "these anomalies are remade with less error than the normal images, as plain or smooth ones "
    "are, and nothing in training on normal images says otherwise"
)
_JUDGED = (
    "the network that judges was never shown these images, and at this scale takes them for more "
    "real than the normal ones"
)
_NEAR = "these images are mapped nearer to the centre than the normal ones"
_KNOWN = "these anomalies resemble the normal images more than the known anomalies do"
_DRAWN = "the score is drawn at random, and chance lies on both sides of 0.5"
_BY_DETECTOR = {
    "random": _DRAWN,
    "deep-svdd": _NEAR,
    "deep-sad": _NEAR,
    **dict.fromkeys(("fencegan", "minlgan", "ognet", "bdsg", "tailgan", "omasgan"), _JUDGED),
}


def sentence(
    detector: str | None,
    metric: str,
    value: float,
    *,
    flagging_all: float | None = None,
    reason: str = "",
) -> str:
    """The sentence, or nothing for a figure that needs none; `reason` is known of the images."""
    if flagging_all is not None and abs(value - flagging_all) < _ROUNDING:
        return "Every image is flagged, and none told from another."
    if flagging_all is not None and value < flagging_all:
        return (
            "Below flagging everything: the threshold comes from the few images of validation, and "
            "misses too many of the test defects."
        )
    if "AUROC" not in metric or "above" in metric or value >= CHANCE or detector is None:
        return ""
    return f"Below 0.5: {reason or _reason(detector)}."


def _reason(detector: str) -> str:
    if detector in _BY_DETECTOR:
        return _BY_DETECTOR[detector]
    return _KNOWN if detectors.learns_anomalies(detector) else _REMADE
