"""What can be set of OGNet. Torch-free.

The authors' training code is not released, so what their paper leaves open is proposed here.
"""

from models.detectors import settings
from models.detectors.settings import weight
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Zaheer, Lee, Astrid, Lee, Old is Gold (OGNet), CVPR 2020"
_PAPER = "Zaheer et al. 2020, as we know it; not checked against the paper"

HYPERPARAMETERS = (
    weight(
        "reconstruction",
        0.2,
        0.01,
        100.0,
        "the mean squared error, beside deceiving the discriminator: the paper's lambda",
        _PAPER + "; ALOCC's code",
    ),
    settings.number(
        "noise",
        0.15,
        0.0,
        1.0,
        "standard deviation of the noise on the images that the generator learns to remake, "
        "which are from -1 to 1",
        settings.PROPOSED,
    ),
    settings.number(
        "alpha",
        0.1,
        0.0,
        1.0,
        "what share of the good examples' loss is of images; the rest is of reconstructions",
        _PAPER,
    ),
    settings.number(
        "beta",
        0.001,
        0.0001,
        1.0,
        "what share of the bad examples' loss is of the old generator's reconstructions; the rest "
        "is of pseudo anomalies",
        _PAPER,
        log=True,
    ),
    settings.rate(2e-4, "DCGAN", name="generator_lr", of="the generator", high=2e-3),
    settings.rate(2e-4, "DCGAN", name="discriminator_lr", of="the discriminator", high=2e-3),
    settings.beta1(0.5, "DCGAN"),
    settings.adversarial("bce", ("bce", "lsgan", "hinge"), _PAPER),
    settings.discriminator_steps(1, settings.PROPOSED),
    settings.score(
        "discriminator",
        ("discriminator", "error", "squared_error", "worst_patch", "map_peak", "mixture"),
        "discriminator: what it thinks of the reconstruction; error, squared_error: of the "
        "reconstruction, means over the image; worst_patch: the highest mean error of a patch; "
        "map_peak: the highest place of the anomaly map; mixture: a logistic regression on them, "
        "fitted on labelled validation images",
        "discriminator: the authors' test code; the others: proposed here",
    ),
    settings.batch_normals(64, "the authors' options"),
    settings.width(64, "the authors' networks"),
    settings.activation(),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

STAGES = {"early": 0.1, "refinement": 0.7, "discrimination": 0.2}
