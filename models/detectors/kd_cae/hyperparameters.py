"""What can be set of KD-CAE. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import one_of

PAPER = "a student project on MVTec AD: a convolutional autoencoder with kernel density estimation"
_CODE = "the project's notebooks"
_LIBRARY = "Keras; the notebooks leave the library's defaults, and do not say of which version"
_PROPOSED = "proposed here"

BANDWIDTHS = (0.05, 0.2, 1.0, 5.0)
"""Of the score parts `density_<h>`; the notebooks' is 0.2."""
QUANTILES = (0.8, 0.9, 0.95, 1.0)
"""Of the fit normals, for the score parts `either_<per cent>`: where the two levels lie."""

ERRORS = ("error", "squared_error", "worst_patch", "map_peak")
DENSITIES = tuple(f"density_{bandwidth:g}".replace(".", "_") for bandwidth in BANDWIDTHS)
EITHERS = tuple(f"either_{quantile:.0%}".rstrip("%") for quantile in QUANTILES)

SCORES = {"density": one_of(*DENSITIES), "either": one_of(*EITHERS)}

HYPERPARAMETERS = (
    settings.word(
        "optimizer",
        "adadelta",
        ("adadelta", "adam"),
        "each has a step size of its own",
        "adadelta: " + _CODE,
    ),
    settings.rate(1.0, _LIBRARY, of="Adadelta", low=1e-3, high=2.0),
    settings.rate(1e-3, "Adam", name="adam_learning_rate", of="Adam"),
    settings.word(
        "loss",
        "mse",
        ("mse", "l1", "ssim"),
        "what training minimises: squared or absolute errors, or 1 - structural similarity",
        "mse: " + _CODE,
    ),
    settings.batch_normals(10, _CODE, low=1),
    settings.width(32, _CODE),
    settings.patience(30, _CODE),
    settings.word(
        "passes",
        "single",
        ("single", "double"),
        "single: errors are those of the reconstruction; double: of the reconstruction of the "
        "reconstruction, as the notebooks compute them",
        "double: " + _CODE,
    ),
    settings.number(
        "kde_images",
        1000,
        2,
        4000,
        "the most fit normals whose codes are kept for the density, evenly spaced; each takes 32 "
        "KB at width 32",
        "the notebooks keep all, at most 256",
        log=True,
        structural=True,
    ),
    settings.score(
        "either",
        ("either", "density", *ERRORS, *EITHERS, *DENSITIES, "mixture"),
        "either: the published decision, by squared error or density, whichever says more, with "
        "levels at those per cent of the fit normals (either_80 to either_100) that suit "
        "validation best; density: of the bandwidth (density_0_05 to density_5) that does; error, "
        "squared_error: means over the image; worst_patch: the highest mean of a patch; map_peak: "
        "the highest place of the anomaly map; mixture: a logistic regression on all, fitted on "
        "labelled validation images",
        "either: " + _CODE + "; its levels and the others: " + _PROPOSED,
    ),
)

PUBLISHED: dict[str, dict[str, Value]] = {"notebooks": {"passes": "double"}}
"""The defaults are those of the text."""

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)
