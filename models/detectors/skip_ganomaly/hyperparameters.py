"""What can be set of Skip-GANomaly; the defaults are those of the released codes. Torch-free.

The generator has an optimizer of its own, and Adam cancels a common factor of all that it
minimises: a search does best to hold `contextual_weight` and vary the other two.
"""

from models.detectors import settings
from models.detectors.settings import weight
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import Scores, blends

PAPER = "Akcay, Atapour-Abarghouei, Breckon, Skip-GANomaly, IJCNN 2019"
_CODE = "released codes of Skip-GANomaly and of OCR-GAN, whose baseline it is"

HYPERPARAMETERS = (
    weight(
        "adversarial", 1.0, 0.01, 10.0, "deceiving the discriminator with reconstructions", _CODE
    ),
    weight("contextual", 50.0, 1.0, 200.0, "the mean error of the reconstruction", _CODE),
    weight(
        "latent",
        1.0,
        0.01,
        50.0,
        "the squared distance between the discriminator's features of an image and of its "
        "reconstruction, which generator and discriminator both minimise",
        _CODE,
    ),
    settings.number(
        "noise",
        0.0,
        0.0,
        1.0,
        "standard deviation of the Gaussian noise on what the generator sees in training",
        "0: both codes, in which noise is an option that nothing turns on",
    ),
    settings.rate(2e-4, _CODE),
    settings.beta1(0.5, _CODE),
    settings.number(
        "decay_from",
        0.5,
        0.0,
        1.0,
        "share of the epochs after which the learning rate falls on a straight line towards 0; "
        "1: it never falls",
        "pix2pix, whose schedule both codes have; their own epochs end before it falls",
        structural=True,
    ),
    settings.score(
        "published",
        (
            "published",
            "tuned",
            "squared_error",
            "feature",
            "error",
            "worst_patch",
            "map_peak",
            "mixture",
        ),
        "of the distance between an image and its reconstruction: squared_error, error, the means "
        "of their pixels; feature, the squares of that of the discriminator's features; published, "
        "0.9 squared_error + 0.1 feature; tuned, the shares of these two that suit the labelled "
        "validation images best; worst_patch, the highest mean of a patch; map_peak, the highest "
        "place of the anomaly map; mixture, a logistic regression on all of them, fitted on "
        "labelled validation images",
        "published: the paper; the others: proposed here",
    ),
    settings.batch_normals(32, "released code of OCR-GAN"),
    settings.width(64, _CODE),
    settings.latent(100, _CODE),
    settings.initialisation("dcgan", _CODE),
    settings.adversarial("bce", ("bce", "lsgan", "hinge"), "bce: " + _CODE),
    settings.discriminator_steps(1, _CODE),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

SCORES: Scores = {
    "published": ({"squared_error": 0.9, "feature": 0.1},),
    "tuned": blends("squared_error", "feature"),
}

PUBLISHED: dict[str, dict[str, Value]] = {
    "released": {
        "adversarial_weight": 1.0,
        "contextual_weight": 50.0,
        "latent_weight": 1.0,
        "learning_rate": 2e-4,
        "beta1": 0.5,
    },
}
"""The settings of the released code, where a search may vary them."""
