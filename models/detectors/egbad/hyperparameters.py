"""What can be set of EGBAD. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import Scores, blends

PAPER = "Zenati, Foo, Lecouat, Manek, Chandrasekhar, ICLR workshops 2018"
_CODE = "Zenati et al. 2018, released code"

_ALPHA = 0.1
_VALUES = 32 * 32
"""Of a grey image. The published score adds one cross entropy to an error summed over so many; here
the error is their mean."""

SCORES: Scores = {
    "fm": ({"error": 1 - _ALPHA, "features": _ALPHA},),
    "cross-e": ({"error": 1 - _ALPHA, "cross_entropy": _ALPHA / _VALUES},),
    "tuned-fm": blends("error", "features"),
    "tuned-cross-e": blends("error", "cross_entropy"),
}

HYPERPARAMETERS = (
    settings.weight(
        "reconstruction",
        0.0,
        0.0,
        10.0,
        "the mean error of reconstructions, which the encoder alone then lowers too",
        "0: the paper; with it: anomaly-toolbox",
    ),
    settings.rate(
        2e-4, f"{settings.PROPOSED}; 1e-5: {_CODE}; 2e-3: anomaly-toolbox", low=1e-5, high=2e-3
    ),
    settings.beta1(0.5, _CODE),
    settings.number(
        "dropout",
        0.5,
        0.0,
        0.5,
        "the share of the discriminator's numbers that is left out after every layer in training",
        _CODE,
    ),
    settings.average(0.999, _CODE),
    settings.score(
        "fm",
        (
            *SCORES,
            "error",
            "squared_error",
            "worst_patch",
            "map_peak",
            "features",
            "cross_entropy",
            "mixture",
        ),
        "fm: 0.9 error + 0.1 features; cross-e: 0.9 error + 0.1 cross entropy, both as sums over "
        "an image; tuned-fm, tuned-cross-e: the best blend of the two on labelled validation "
        "images; error: mean absolute difference from the reconstruction; squared_error, "
        "worst_patch, map_peak: other measures of it; features: difference of the discriminator's "
        "features; cross_entropy: how far the discriminator takes the reconstruction for made; "
        "mixture: a logistic regression on all of them, fitted on labelled validation images",
        f"fm, cross-e: {_CODE}; the others: " + settings.PROPOSED,
    ),
    settings.batch_normals(128, f"{settings.PROPOSED}; 100: {_CODE}"),
    settings.width(64, _CODE),
    settings.latent(200, _CODE),
    settings.adversarial("bce", ("bce", "lsgan", "hinge"), "bce: the paper"),
    settings.discriminator_steps(1, _CODE),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

PUBLISHED: dict[str, dict[str, Value]] = {
    "Zenati": {"learning_rate": 1e-5, "batch_normals": 100},
}
"""The settings of the released code for MNIST."""
