"""What can be set of the DCGAN: what the two-discriminator GAN has, other defaults. Torch-free.

The project names no values but the number of epochs, 10, and takes its losses from Kim et al.
"""

from models.detectors import settings
from models.detectors.two_discriminator_gan import hyperparameters as kim

PAPER = "the DCGAN of a student project after Kim et al. 2020 (Ahmed, Sapienza)"

_OWN = (
    settings.rate(2e-4, "DCGAN", name="generator_lr", of="the generator", low=2e-5, high=1e-2),
    settings.rate(
        2e-4, "DCGAN", name="discriminator_lr", of="both discriminators", low=2e-5, high=2e-3
    ),
    # With 16 anomalies a batch of 32: as another project of the course draws it, each of the nine
    # anomalous classes comes a tenth as often as the normal one.
    settings.batch_normals(16, settings.PROPOSED),
    settings.score(
        "squared_error",
        ("squared_error", "error", "worst_patch", "mixture"),
        "squared_error, error: means over the image; worst_patch: the highest mean of a patch; "
        "mixture: a logistic regression on the errors, the latent error and both discriminators, "
        "fitted on labelled validation images",
        "proposed here: the project does not say; its other model has squared errors alone",
    ),
)
_BY_NAME = {each.name: each for each in _OWN}

HYPERPARAMETERS = tuple(_BY_NAME.get(each.name, each) for each in kim.HYPERPARAMETERS)

REQUIREMENTS = kim.REQUIREMENTS

PUBLISHED = {"W1": kim.PUBLISHED["W1"]}
"""The loss weights of Kim et al., whose losses these are; W2 is of a re-implementation."""
