"""What can be set of the supervised network. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Hyperparameter
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "a student project on MVTec AD: a supervised convolutional network"
_STUDY = "student project on MVTec AD"
_PROPOSED = "proposed here; the study has none"

CLASSIFIER: tuple[Hyperparameter, ...] = (
    settings.rate(1e-3, _STUDY),
    settings.weight_decay(1e-6, _PROPOSED),
    settings.number(
        "pos_weight",
        1.0,
        0.3,
        10.0,
        "weight of a known anomaly's cross entropy beside a normal image's",
        _PROPOSED,
        log=True,
    ),
    settings.number(
        "dropout", 0.0, 0.0, 0.6, "the share of hidden units left out in training", _PROPOSED
    ),
    settings.augmentation("none: " + _STUDY + "; the others: " + settings.PROPOSED),
    settings.number(
        "hidden",
        256,
        2,
        1024,
        "units of the dense layer",
        _STUDY,
        log=True,
        structural=True,
    ),
    settings.width(16, _STUDY),
    settings.score(
        "logit",
        ("logit", "probability", "mixture"),
        "probability: of being defective; logit: the same before its sigmoid, in the same order "
        "but without the ties at 0 and 1; mixture: a logistic regression on both",
        "probability: " + _STUDY,
    ),
    # Together the 120 images of the study.
    settings.batch_normals(96, settings.PROPOSED, low=1),
    settings.batch_anomalies(24, settings.PROPOSED, low=1),
)
"""Of the classifier: the one that sees generated images too has the same."""

HYPERPARAMETERS = CLASSIFIER

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), known_anomalies=True)
