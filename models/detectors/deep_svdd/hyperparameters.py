"""What can be set of Deep SVDD. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Ruff et al., Deep one-class classification, ICML 2018"
_CODE = "Ruff et al. 2018, released code"
_SAD_CODE = "Ruff et al. 2020, released code"

LENET: tuple[Hyperparameter, ...] = (
    settings.rate(1e-4, _CODE, of="the distances; a tenth of it after a third of the stage"),
    settings.rate(
        1e-4,
        _CODE,
        name="pretraining_learning_rate",
        of="the autoencoder; a tenth of it after a third of the stage",
    ),
    settings.weight_decay(0.5e-6, _CODE),
    settings.weight_decay(0.5e-3, _CODE, name="pretraining_weight_decay"),
    settings.word(
        "network",
        "fashion-mnist",
        ("fashion-mnist", "cifar-10"),
        "fashion-mnist: two convolutions up to 32 x 32 and two dense layers; cifar-10: three "
        "convolutions and one dense layer, published with width 32 and latent 128",
        _SAD_CODE,
    ),
    settings.width(16, _SAD_CODE + ", Fashion-MNIST"),
    settings.latent(64, _SAD_CODE + ", Fashion-MNIST"),
)
"""Of the networks and their optimizers: Deep SAD has the same."""

HYPERPARAMETERS = (
    *LENET,
    settings.word(
        "boundary",
        "hard",
        ("hard", "soft"),
        "hard: the mean distance to the centre; soft: distances beyond a radius count",
        _CODE,
    ),
    settings.number(
        "nu",
        0.1,
        0.01,
        0.5,
        "the share of normal images that the soft boundary leaves outside",
        _CODE,
        log=True,
    ),
    settings.batch_normals(128, _SAD_CODE),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

STAGES = {"pretraining": 0.5, "one_class": 0.5}
"""150 epochs each in the released code."""

PUBLISHED: dict[str, dict[str, Value]] = {
    "CIFAR-10": {
        "network": "cifar-10",
        "latent": 128,
        "pretraining_weight_decay": 0.5e-6,
        "batch_normals": 200,
    },
}
"""The released code's; the width, there 32, is a search's own."""
