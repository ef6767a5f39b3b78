"""What can be set of MinLGAN. Torch-free.

The paper is known from its abstract only, so every default is proposed here.
"""

from models.detectors import settings
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import blends

PAPER = "Wang, Zhang, Liu, MinLGAN, ICPR 2018; known from its abstract only: a proposal"
_PROPOSED = "proposed here; of the paper only the abstract is known"

HYPERPARAMETERS = (
    settings.weight(
        "likelihood",
        0.1,
        0.001,
        10.0,
        "the log density (lambda), among normal images, of what the generator makes",
        _PROPOSED,
    ),
    settings.number(
        "bandwidth",
        0.2,
        0.05,
        1.0,
        "of the density: standard deviation of a Gaussian about each normal image's features, "
        "which have length 1",
        _PROPOSED,
        log=True,
    ),
    settings.adversarial("bce", ("bce", "lsgan", "hinge"), "bce: GAN"),
    settings.rate(2e-4, "DCGAN", name="generator_lr", of="the generator", low=2e-5, high=2e-3),
    settings.rate(
        2e-4, "DCGAN", name="discriminator_lr", of="the discriminator", low=2e-5, high=2e-3
    ),
    settings.beta1(0.5, "DCGAN"),
    settings.discriminator_steps(1, _PROPOSED),
    settings.average(0.9, _PROPOSED),
    settings.latent(100, "DCGAN"),
    settings.batch_normals(64, _PROPOSED),
    settings.width(64, "DCGAN"),
    settings.score(
        "blend",
        ("blend", "logit", "density", "mixture"),
        "logit: the discriminator's, of being generated; density: how improbable the features are "
        "among those of normal images; blend: (1 - a) logit + a density, a from 0 to 1 chosen on "
        "labelled validation images; mixture: a logistic regression on both, fitted on those",
        _PROPOSED,
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

SCORES = {"blend": blends("logit", "density")}
