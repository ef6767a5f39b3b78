"""What can be set of the traditional GAN. Torch-free.

The project gives no value; those of another project of the same course and task stand in for it.
The mean error of normal images has no weight: Adam cancels a common factor of a generator's losses.
"""

from models.detectors import settings
from models.detectors.settings import weight
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "the traditional GAN of a student project after Kim et al. 2020 (Ahmed, Sapienza)"
_PROJECT = "the project: every loss is a mean square, all alike"
_OTHER = "another project of the same course and task"

HYPERPARAMETERS = (
    weight("normal_adversarial", 1.0, 0.01, 2.0, "deceiving the normal discriminator", _PROJECT),
    weight(
        "anomaly_adversarial",
        1.0,
        0.01,
        20.0,
        "showing the anomaly discriminator reconstructions of known anomalies that it sees through",
        _PROJECT,
    ),
    weight("anomaly", 1.0, 0.01, 10.0, "the anomaly loss", _OTHER),
    settings.word(
        "anomaly_loss",
        "clipped",
        ("clipped", "abc"),
        "what makes known anomalies be remade badly: clipped, minus the squared error of each, of "
        "which more than 1 does not count; abc, the anomaly between class loss on squared errors",
        "clipped: " + _OTHER + ", where nothing clips it; abc: Kim et al. 2020",
    ),
    # At the other project's 1e-3 and Adam's beta1 of 0.9 the normal discriminator's loss came to
    # 0.98 to 1.0 within five epochs on 2000 T-shirts, in each of three runs: it says the same of
    # all images. At these it stayed at 0.4 to 0.5.
    settings.rate(2e-4, "DCGAN; measured here", name="generator_lr", of="the generator"),
    settings.rate(2e-4, "DCGAN; measured here", name="discriminator_lr", of="both discriminators"),
    settings.beta1(0.5, "DCGAN"),
    settings.weight_decay(1e-5, _OTHER),
    settings.adversarial("lsgan", ("lsgan", "bce", "hinge"), _PROJECT),
    settings.discriminator_steps(1, settings.PROPOSED),
    settings.score(
        "squared_error",
        (
            "squared_error",
            "error",
            "worst_patch",
            "map_peak",
            "normal_discriminator",
            "anomaly_discriminator",
            "mixture",
        ),
        "squared_error, error: means over the image; worst_patch: the highest mean of a patch; "
        "map_peak: the highest place of the anomaly map; normal_discriminator, "
        "anomaly_discriminator: what they think of the image; mixture: a logistic regression on "
        "them, fitted on labelled validation images",
        "squared_error: the project; the others: proposed here",
    ),
    # A batch of 32, in which each of the nine anomalous classes comes a tenth as often as the
    # normal one: about half of it.
    settings.batch_normals(16, _OTHER, low=1),
    settings.batch_anomalies(16, _OTHER, low=1),
    settings.number(
        "width",
        64,
        2,
        256,
        "an eighth of the units of a first hidden layer and a quarter of a second one's",
        settings.PROPOSED,
        structural=True,
    ),
    settings.latent(64, settings.PROPOSED),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), known_anomalies=True)
