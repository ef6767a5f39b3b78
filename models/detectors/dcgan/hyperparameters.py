"""What can be set of the DCGAN: what the two-discriminator GAN has, other defaults. Torch-free.

The project names no values but the number of epochs, 10, and takes its losses from Kim et al.
"""

from dataclasses import replace

from models.detectors import settings
from models.detectors.two_discriminator_gan import hyperparameters as kim

PAPER = "the DCGAN of a student project after Kim et al. 2020 (Ahmed, Sapienza)"

_SCORE = settings.score(
    "squared_error",
    ("squared_error", "error", "worst_patch", "mixture"),
    "squared_error, error: means over the image; worst_patch: the highest mean of a patch; "
    "mixture: a logistic regression on the errors, the latent error and both discriminators, "
    "fitted on labelled validation images",
    "proposed here: the project does not say; its other model has squared errors alone",
)
_OWN = {
    "generator_lr": (2e-4, "DCGAN"),
    "discriminator_lr": (2e-4, "DCGAN"),
    # A batch of 32 in which, as another project of the course draws it, each of the nine anomalous
    # classes comes a tenth as often as the normal one: about half of it.
    "batch_normals": (16, settings.PROPOSED),
    "batch_anomalies": (16, settings.PROPOSED),
}

HYPERPARAMETERS = tuple(
    _SCORE
    if each.name == "score"
    else replace(each, default=_OWN[each.name][0], source=_OWN[each.name][1])
    if each.name in _OWN
    else each
    for each in kim.HYPERPARAMETERS
)

REQUIREMENTS = kim.REQUIREMENTS
