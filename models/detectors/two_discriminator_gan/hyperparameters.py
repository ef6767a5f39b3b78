"""What can be set of the two-discriminator GAN. Torch-free.

There are no weights for the discriminators' losses: they have an optimizer of their own, and Adam
cancels a common factor of everything that one optimizer minimises. For the same reason a search
does best to hold `reconstruction_weight` and vary the others.
"""

from models.detectors import settings
from models.detectors.settings import weight
from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Kim, Jeong, Choi, Seo, ECCV workshops 2020"
_CODE = "Kim et al. 2020, released code"

HYPERPARAMETERS = (
    weight("reconstruction", 1.0, 0.5, 5.0, "the mean error of normal images", _CODE),
    weight(
        "patch",
        1.5,
        0.0,
        5.0,
        "the mean error of their worst patches alone: the patch loss",
        _CODE,
    ),
    weight(
        "encoder",
        1.0,
        0.01,
        5.0,
        "the distance between the codes of a normal image and of its reconstruction",
        _CODE,
    ),
    weight(
        "normal_adversarial",
        1.0,
        0.01,
        10.0,
        "deceiving the normal discriminator with reconstructions of normal images",
        _CODE,
    ),
    # The re-implementation sums over the 16 cells of the map, of which this is the mean: 16 here
    # is its 1.
    weight(
        "anomaly_adversarial",
        1.0,
        0.01,
        20.0,
        "showing the anomaly discriminator reconstructions of known anomalies that it sees through",
        _CODE,
    ),
    weight(
        "abc",
        1.0,
        0.1,
        50.0,
        "the ABC (anomaly between class) loss, which falls as the error of known anomalies grows",
        _CODE,
    ),
    Hyperparameter(
        name="patch_n",
        default=3,
        low=1,
        high=49,
        high_at={16: 9, 32: 9},
        meaning="n of the patch loss: so many worst patches count, of 9 up to 32 x 32, of 49 above",
        source="re-implementation at 32 x 32",
    ),
    settings.rate(
        1e-4,
        _CODE,
        name="generator_lr",
        of="the generator, which is encoder and decoder",
        low=2e-5,
        high=1e-2,
    ),
    settings.rate(
        1e-4, _CODE, name="discriminator_lr", of="both discriminators", low=2e-5, high=2e-3
    ),
    settings.beta1(0.5, "DCGAN"),
    settings.score(
        "error",
        ("error", "mixture"),
        "error: the mean error; mixture: a logistic regression on the errors, the latent error and "
        "both discriminators, fitted on labelled validation images",
        "the error: " + _CODE,
    ),
    settings.batch_normals(64, settings.PROPOSED),
    settings.batch_anomalies(16, settings.PROPOSED),
    settings.width(64, _CODE),
    settings.activation(),
    # After 2 epochs at width 16 and learning rates of 2e-4 the validation AUROC of the error is
    # 0.967 from "fan-in", which is torch's own, and 0.823 from "dcgan".
    settings.initialisation("fan-in", "dcgan: " + _CODE + "; fan-in: measured here"),
    settings.word(
        "discriminator_head",
        "both",
        ("both", "map", "scalar"),
        "what discriminators judge: 4 x 4 cells (map), the whole image (scalar), or both",
        "both: the FashionMNIST re-implementation's text; map: the paper's figure 1",
    ),
    settings.discriminator_steps(1, _CODE),
    # On CIFAR-10, where later epochs overfit the known anomalies, flip raises validation AUROC from
    # 0.826 to 0.837 (dog) and from 0.878 to 0.896 (automobile); one seed, width 16, 8 epochs.
    settings.augmentation(f"none: {_CODE}; flip: measured here; flip+rot: proposed here"),
)

REQUIREMENTS = Requirements(
    sizes=PYRAMID_SIZES, channels=(1, 3), known_anomalies=True, least_normals=2
)

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
