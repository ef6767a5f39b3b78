"""What can be set of the supervised network with generated images. Torch-free."""

from models.detectors import settings
from models.detectors.cnn.hyperparameters import CLASSIFIER
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "a student project on MVTec AD: a DCGAN and a supervised convolutional network"
_STUDY = "student project on MVTec AD"

HYPERPARAMETERS = (
    # Its batches are the generator's too, which least two images of a kind need.
    *(each for each in CLASSIFIER if each.name not in ("batch_normals", "batch_anomalies")),
    settings.batch_normals(96, settings.PROPOSED),
    settings.batch_anomalies(24, settings.PROPOSED),
    settings.word(
        "generates",
        "normals",
        ("normals", "anomalies"),
        "of which fit images the generator learns to make more",
        "normals: " + _STUDY + "; anomalies: " + settings.PROPOSED,
    ),
    settings.number(
        "ratio",
        1.0,
        0.0,
        2.0,
        "generated images in a step of the classifier to one real image of their kind",
        "proposed here; the study does not use what it generates",
        structural=True,
    ),
    settings.rate(2e-4, _STUDY, name="generator_lr", of="the generator", low=1e-5, high=2e-3),
    settings.rate(
        2e-4, _STUDY, name="discriminator_lr", of="the discriminator", low=1e-5, high=2e-3
    ),
    settings.beta1(0.5, _STUDY),
    settings.adversarial("bce", ("bce", "lsgan", "hinge"), "bce: " + _STUDY),
    settings.discriminator_steps(1, _STUDY),
    settings.latent(100, _STUDY),
    settings.number(
        "gan_width",
        64,
        2,
        256,
        "base channels of generator and discriminator; `width` is the classifier's",
        "DCGAN",
        structural=True,
    ),
)

REQUIREMENTS = Requirements(
    sizes=PYRAMID_SIZES, channels=(1, 3), known_anomalies=True, least_normals=2
)

STAGES = {"generator": 0.625, "classifier": 0.375}
"""25 and 15 epochs in the study."""
