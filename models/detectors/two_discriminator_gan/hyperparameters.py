"""What can be set of the two-discriminator GAN. Torch-free.

There are no weights for the discriminators' losses: they have an optimizer of their own, and Adam
cancels a common factor of everything that one optimizer minimises. For the same reason a search
does best to hold `reconstruction_weight` and vary the others.
"""

from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

_PAPER = "Kim et al. 2020, released code"
_PROPOSED = "proposed here; the paper does not say"


def _weight(name: str, default: float, low: float, high: float, meaning: str) -> Hyperparameter:
    return Hyperparameter(
        name=name,
        default=default,
        low=low,
        high=high,
        log=low > 0 and high / low > 10,
        meaning=f"weight of {meaning}",
        source=_PAPER,
    )


HYPERPARAMETERS = (
    _weight("reconstruction_weight", 1.0, 0.5, 5.0, "the mean error of normal images"),
    _weight(
        "patch_weight", 1.5, 0.0, 5.0, "the mean error of their worst patches alone: the patch loss"
    ),
    _weight(
        "encoder_weight",
        1.0,
        0.05,
        5.0,
        "the distance between the codes of a normal image and of its reconstruction",
    ),
    _weight(
        "normal_adversarial_weight",
        1.0,
        0.01,
        2.0,
        "deceiving the normal discriminator with reconstructions of normal images",
    ),
    # The re-implementation sums over the 16 cells of the map, of which this is the mean: 16 here
    # is its 1.
    _weight(
        "anomaly_adversarial_weight",
        1.0,
        0.01,
        20.0,
        "showing the anomaly discriminator reconstructions of known anomalies that it sees through",
    ),
    _weight(
        "abc_weight",
        1.0,
        0.1,
        5.0,
        "the ABC (anomaly between class) loss, which falls as the error of known anomalies grows",
    ),
    # 9 patches at 32 x 32 and 49 above; a number above what there is means all.
    Hyperparameter(
        name="patch_n",
        default=3,
        low=1,
        high=49,
        meaning="n of the patch loss: so many worst patches count, of 9 up to 32 x 32, of 49 above",
        source="re-implementation at 32 x 32",
    ),
    Hyperparameter(
        name="generator_lr",
        default=1e-4,
        low=2e-5,
        high=2e-3,
        log=True,
        meaning="Adam's step size for the generator, which is encoder and decoder",
        source=_PAPER,
    ),
    Hyperparameter(
        name="discriminator_lr",
        default=1e-4,
        low=2e-5,
        high=2e-3,
        log=True,
        meaning="Adam's step size for both discriminators",
        source=_PAPER,
    ),
    Hyperparameter(
        name="beta1",
        default=0.5,
        low=0.0,
        high=0.95,
        meaning="Adam's memory of past gradients, in both",
        source="DCGAN",
    ),
    Hyperparameter(
        name="score",
        default="error",
        choices=("error", "mixture"),
        meaning="error: the mean error; mixture: a logistic regression on the errors, the latent "
        "error and both discriminators, fitted on labelled validation images",
        source="the error: " + _PAPER,
    ),
    Hyperparameter(
        name="batch_normals",
        default=64,
        low=2,
        high=1024,
        structural=True,
        meaning="normal images in a training step",
        source=_PROPOSED,
    ),
    Hyperparameter(
        name="batch_anomalies",
        default=16,
        low=2,
        high=1024,
        structural=True,
        meaning="known anomalies in a training step, drawn with repetition",
        source=_PROPOSED,
    ),
    Hyperparameter(
        name="width",
        default=64,
        low=2,
        high=256,
        structural=True,
        meaning="base channels: those of the first layer; deeper ones have multiples of it",
        source=_PAPER,
    ),
    Hyperparameter(
        name="activation",
        default="leaky",
        choices=("leaky", "tanh"),
        structural=True,
        meaning="leaky: leaky ReLU in the encoder, ReLU in the decoder; tanh: tanh in both",
        source="leaky: DCGAN; tanh: " + _PAPER,
    ),
    # After 2 epochs at width 16 and learning rates of 2e-4 the validation AUROC of the error is
    # 0.967 from "fan-in", which is torch's own, and 0.823 from "dcgan".
    Hyperparameter(
        name="initialisation",
        default="fan-in",
        choices=("fan-in", "dcgan"),
        structural=True,
        meaning="of the weights: fan-in is torch's own, dcgan that of DCGAN",
        source="dcgan: " + _PAPER + "; fan-in: measured here, for short training",
    ),
    Hyperparameter(
        name="discriminator_head",
        default="both",
        choices=("both", "map", "scalar"),
        structural=True,
        meaning="what discriminators judge: 4 x 4 cells (map), the whole image (scalar), or both",
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
