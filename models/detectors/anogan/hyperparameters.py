"""What can be set of AnoGAN. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import Scores, blends

PAPER = "Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs, IPMI 2017"
_CODE = "Zenati et al. 2018, released code of their AnoGAN"

FEATURE_SHARE = 0.1
"""The paper's lambda: the share of the features in what a search minimises, and in the score."""

SCORES: Scores = {
    "published": ({"error": 1 - FEATURE_SHARE, "features": FEATURE_SHARE},),
    "tuned": blends("error", "features"),
}

HYPERPARAMETERS = (
    settings.rate(
        2e-4, f"{settings.PROPOSED}; 1e-5: {_CODE}; 2e-3: anomaly-toolbox", low=1e-5, high=2e-3
    ),
    settings.beta1(0.5, _CODE),
    settings.average(0.999, _CODE),
    settings.number(
        "search_steps",
        500,
        1,
        1000,
        "steps of an image's search for its latent vector: the paper's Gamma",
        f"the paper and {_CODE}",
        log=True,
        structural=True,
    ),
    settings.number(
        "search_rate",
        1e-2,
        1e-3,
        1e-1,
        "step size of that search up to 40% of the steps; then a tenth, from 60% on a twentieth",
        _CODE,
        log=True,
    ),
    settings.number(
        "restarts",
        1,
        1,
        4,
        "searches for each image, each from a start of its own; the nearest image found counts",
        f"1: the paper; more: {settings.PROPOSED}",
        structural=True,
    ),
    settings.score(
        "published",
        (
            *SCORES,
            "error",
            "features",
            "squared_error",
            "worst_patch",
            "map_peak",
            "mixture",
        ),
        "published: 0.9 error + 0.1 features; tuned: their best blend on labelled validation "
        "images; error: the paper's residual, the mean absolute difference from the nearest image "
        "that the generator makes; features: that of the discriminator's features; squared_error, "
        "worst_patch, map_peak: other measures of the difference; mixture: a logistic regression "
        "on all of them, fitted on labelled validation images",
        "published: the paper; the others: " + settings.PROPOSED,
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
"""The settings of Zenati et al. (2018) for MNIST, of whose networks these are."""
