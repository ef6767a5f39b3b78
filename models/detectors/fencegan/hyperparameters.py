"""What can be set of FenceGAN. Torch-free.

There is no weight for the encirclement or for the discriminator's loss on real images: Adam cancels
a common factor of everything that one optimizer minimises, so `dispersion_weight` and `fake_weight`
say the ratios.
"""

from models.detectors import settings
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Ngo, Winarto, Kou, Park, Akram, Lee, Fence GAN, ICTAI 2019"
_CODE = "Ngo et al. 2019, MNIST"

HYPERPARAMETERS = (
    settings.number(
        "encirclement_target",
        0.1,
        0.05,
        0.6,
        "alpha: the probability of being real at which generated images lie on the fence",
        _CODE,
    ),
    settings.weight(
        "dispersion",
        30.0,
        1.0,
        100.0,
        "the dispersion (beta): the inverse of generated images' mean distance from their centre, "
        "in pixel values",
        _CODE,
    ),
    settings.weight(
        "fake",
        0.1,
        0.01,
        1.0,
        "the discriminator's loss on generated images (gamma), beside 1 on real ones",
        _CODE,
    ),
    settings.adversarial("bce", ("bce", "lsgan"), "bce: the paper; lsgan: proposed here"),
    settings.rate(2e-5, _CODE, name="generator_lr", of="the generator", low=5e-6, high=2e-3),
    settings.rate(
        1e-5, _CODE, name="discriminator_lr", of="the discriminator", low=5e-6, high=2e-3
    ),
    settings.number(
        "discriminator_weight_decay",
        0.0,
        0.0,
        0.01,
        "the share of each of the discriminator's weights that is added to its gradient",
        _CODE,
    ),
    settings.beta1(0.5, _CODE),
    settings.discriminator_steps(1, _CODE),
    settings.latent(200, _CODE),
    settings.batch_normals(200, _CODE),
    settings.width(64, _CODE),
    settings.score(
        "logit",
        ("logit", "probability", "mixture"),
        "probability: 1 - D(x); logit: the same order of images, where probabilities round to 0 or "
        "1 too; mixture: a logistic regression on both, fitted on labelled validation images",
        "probability: the paper",
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

STAGES = {"pretraining": 15 / 115, "training": 100 / 115}
"""The paper's 15 and 100 epochs of MNIST."""

PUBLISHED: dict[str, dict[str, Value]] = {
    "MNIST": {
        "encirclement_target": 0.1,
        "dispersion_weight": 30.0,
        "fake_weight": 0.1,
        "generator_lr": 2e-5,
        "discriminator_lr": 1e-5,
    },
    "CIFAR-10": {
        "encirclement_target": 0.5,
        "dispersion_weight": 10.0,
        "fake_weight": 0.5,
        "generator_lr": 1e-3,
        "discriminator_lr": 1e-4,
        "batch_normals": 128,
        "latent": 256,
    },
}
"""By data set."""
