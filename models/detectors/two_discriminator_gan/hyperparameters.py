"""What can be set of the two-discriminator GAN. Torch-free.

There are no weights for the discriminators' losses: they have an optimizer of their own, and Adam
cancels a common factor of everything that one optimizer minimises. For the same reason a search
does best to hold `reconstruction_weight` and vary the others.
"""

from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

_PAPER = "Kim et al. 2020, released code"
_PROPOSED = "proposed here; the paper does not say"


def _weight(name: str, default: float, low: float, high: float) -> Hyperparameter:
    return Hyperparameter(
        name=name,
        default=default,
        low=low,
        high=high,
        log=low > 0 and high / low > 10,
        source=_PAPER,
    )


HYPERPARAMETERS = (
    _weight("reconstruction_weight", 1.0, 0.5, 5.0),
    _weight("patch_weight", 1.5, 0.0, 5.0),
    _weight("encoder_weight", 1.0, 0.05, 5.0),
    _weight("normal_adversarial_weight", 1.0, 0.01, 2.0),
    # The re-implementation sums over the 16 cells of the map where we take the mean: 16 there is 1.
    _weight("anomaly_adversarial_weight", 1.0, 0.01, 20.0),
    _weight("abc_weight", 1.0, 0.1, 5.0),
    # 9 patches at 32 x 32 and 49 above; a number above what there is means all.
    Hyperparameter(
        name="patch_n", default=3, low=1, high=49, source="re-implementation at 32 x 32"
    ),
    Hyperparameter(name="generator_lr", default=1e-4, low=2e-5, high=2e-3, log=True, source=_PAPER),
    Hyperparameter(
        name="discriminator_lr", default=1e-4, low=2e-5, high=2e-3, log=True, source=_PAPER
    ),
    Hyperparameter(name="beta1", default=0.5, low=0.0, high=0.95, source="DCGAN"),
    Hyperparameter(
        name="score", default="error", choices=("error", "mixture"), source="the error: " + _PAPER
    ),
    Hyperparameter(
        name="batch_normals", default=64, low=2, high=1024, structural=True, source=_PROPOSED
    ),
    Hyperparameter(
        name="batch_anomalies", default=16, low=2, high=1024, structural=True, source=_PROPOSED
    ),
    Hyperparameter(name="width", default=64, low=2, high=256, structural=True, source=_PAPER),
    Hyperparameter(
        name="activation",
        default="leaky",
        choices=("leaky", "tanh"),
        structural=True,
        source="leaky: DCGAN; tanh: " + _PAPER,
    ),
    # After 2 epochs at width 16 and learning rates of 2e-4 the validation AUROC of the error is
    # 0.967 from "fan-in", which is torch's own, and 0.823 from "dcgan".
    Hyperparameter(
        name="initialisation",
        default="fan-in",
        choices=("fan-in", "dcgan"),
        structural=True,
        source="dcgan: " + _PAPER + "; fan-in: measured here, for short training",
    ),
    Hyperparameter(
        name="discriminator_head",
        default="both",
        choices=("both", "map", "scalar"),
        structural=True,
        source="both: the FashionMNIST re-implementation's text; map: the paper's figure 1",
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, known_anomalies=True)

PUBLISHED: dict[str, dict[str, Value]] = {
    "W1": {
        "reconstruction_weight": 1.0,
        "patch_weight": 1.5,
        "encoder_weight": 1.0,
        "normal_adversarial_weight": 1.0,
        "anomaly_adversarial_weight": 1.0,
        "abc_weight": 1.0,
    },
    "W2": {
        "reconstruction_weight": 1.5,
        "patch_weight": 1.5,
        "encoder_weight": 0.5,
        "normal_adversarial_weight": 0.5,
        "anomaly_adversarial_weight": 16.0,
        "abc_weight": 0.5,
        "patch_n": 3,
    },
}
"""W1: the authors' released code. W2: an independent re-implementation on 32 x 32 images."""
