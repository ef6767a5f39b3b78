"""What a figure below chance, or not above flagging everything, means: a sentence beside it."""

from __future__ import annotations

from _published.summary import ROUNDING
from models import detectors

CHANCE = 0.5
_NEAR_CHANCE = 0.48
_REMADE = (
    "these anomalies are remade with less error than the normal images, as plain or smooth ones "
    "are, and nothing in training on normal images says otherwise"
)
_JUDGED = (
    "the network that judges was never shown these images, and at this scale takes them for more "
    "real than the normal ones"
)
_DENSE = (
    "these images, plain or smooth ones as a rule, have more density than the normal ones, and "
    "nothing in training on normal images says otherwise"
)
_HARDLY = "these images are hardly told from the normal ones"
_ON_AVERAGE = "on average the score takes these anomalies for more normal than the normal images"
_PIXELS = (
    "on average over the divisions, pixels outside the defects differ more from their "
    "reconstruction than those inside"
)
_NEAR = "these images are mapped nearer to the centre than the normal ones"
_KNOWN = "these anomalies resemble the normal images more than the known anomalies do"
_DRAWN = "the score is drawn at random, and chance lies on both sides of 0.5"
_BY_DETECTOR = {
    "random": _DRAWN,
    "deep-svdd": _NEAR,
    "deep-sad": _NEAR,
    **dict.fromkeys(("fencegan", "minlgan", "ognet", "omasgan"), _JUDGED),
    **dict.fromkeys(("bdsg", "tailgan"), _DENSE),
}


def sentence(
    detector: str | None,
    metric: str,
    value: float,
    *,
    flagging_all: float | None = None,
    reason: str = "",
    of_many: bool = False,
) -> str:
    """The sentence, or nothing for a figure that needs none.

    `reason` is known of the images; a mean `of_many` classes has no reason of its own.
    """
    if flagging_all is not None:
        return _of_decision(value, flagging_all)
    if "AUROC" not in metric or "above" in metric or value >= CHANCE or detector is None:
        return ""
    if "pixel" in metric:
        return f"Below 0.5: {_PIXELS}."
    if of_many:
        return f"Below 0.5: {_ON_AVERAGE}."
    near = value >= _NEAR_CHANCE and detector != "random"
    return f"Below 0.5: {reason or (_HARDLY if near else _reason(detector))}."


def _of_decision(value: float, flagging_all: float) -> str:
    """What is to be said of an F1."""
    if value < ROUNDING:
        return "No test defect is flagged."
    if abs(value - flagging_all) < ROUNDING:
        return "Every image is flagged, and none told from another."
    if value > flagging_all:
        return ""
    return "Below flagging everything: the threshold, set on validation, misses defects."


def _reason(detector: str) -> str:
    if detector in _BY_DETECTOR:
        return _BY_DETECTOR[detector]
    return _KNOWN if detectors.learns_anomalies(detector) else _REMADE
