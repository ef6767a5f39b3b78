"""What can be set of the autoencoder baseline. Torch-free."""

from models.detectors import settings
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "the baseline of a student project after Kim et al. 2020"
_PROPOSED = "proposed here; the project paper of the baseline gives no architecture"

HYPERPARAMETERS = (
    settings.rate(1e-3, _PROPOSED, low=1e-4),
    settings.beta1(0.9, "Adam"),
    settings.word(
        "loss",
        "l1",
        ("l1", "mse", "ssim"),
        "what training minimises: absolute or squared errors, or 1 - structural similarity",
        _PROPOSED,
    ),
    settings.batch_normals(128, _PROPOSED),
    settings.width(64, _PROPOSED),
    settings.activation(),
    # The mean over an image hardly changes with a small defect; the highest place of the map does.
    settings.score(
        "error",
        ("error", "squared_error", "worst_patch", "map_peak", "mixture"),
        "error, squared_error: means over the image; worst_patch: the highest mean of a patch; "
        "map_peak: the highest place of the anomaly map, for small defects; mixture: a logistic "
        "regression on them, fitted on labelled validation images",
        "the error: the project paper of the baseline; the others: " + _PROPOSED,
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)
