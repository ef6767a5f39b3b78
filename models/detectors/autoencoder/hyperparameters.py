"""What can be set of the autoencoder baseline. Torch-free."""

from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

_PROPOSED = "proposed here; the project paper of the baseline gives no architecture"

HYPERPARAMETERS = (
    Hyperparameter(
        name="learning_rate",
        default=1e-3,
        low=1e-4,
        high=1e-2,
        log=True,
        meaning="Adam's step size",
        source=_PROPOSED,
    ),
    Hyperparameter(
        name="beta1",
        default=0.9,
        low=0.0,
        high=0.95,
        meaning="Adam's memory of past gradients",
        source="Adam",
    ),
    Hyperparameter(
        name="batch_normals",
        default=128,
        low=2,
        high=1024,
        structural=True,
        meaning="normal images in a training step",
        source=_PROPOSED,
    ),
    Hyperparameter(
        name="width",
        default=64,
        low=2,
        high=256,
        structural=True,
        meaning="base channels: those of the first layer; deeper ones have multiples of it",
        source=_PROPOSED,
    ),
    Hyperparameter(
        name="activation",
        default="leaky",
        choices=("leaky", "tanh"),
        structural=True,
        meaning="leaky: leaky ReLU in the encoder, ReLU in the decoder; tanh: tanh in both",
        source=_PROPOSED,
    ),
    # The mean over an image hardly changes with a small defect; the highest place of the map does.
    Hyperparameter(
        name="score",
        default="error",
        choices=("error", "squared_error", "worst_patch", "map_peak", "mixture"),
        meaning="error, squared_error: means over the image; worst_patch: the highest mean of a "
        "patch; map_peak: the highest place of the anomaly map, for small defects; mixture: a "
        "logistic regression on them, fitted on labelled validation images",
        source="the error: the project paper of the baseline; the others: " + _PROPOSED,
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES)

PUBLISHED: dict[str, dict[str, Value]] = {}
