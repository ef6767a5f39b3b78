"""What can be set of GANomaly; the defaults are the settings of the released code. Torch-free.

Generator and discriminator have an optimizer each, and Adam cancels a common factor of all that one
minimises: a search does best to hold `contextual_weight` and vary the other two.
"""

from models.detectors import settings
from models.detectors.settings import weight
from models.hyperparameters import Value
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Akcay, Atapour-Abarghouei, Breckon, GANomaly, ACCV 2018"
_CODE = "Akcay et al. 2018, released code"

HYPERPARAMETERS = (
    weight(
        "adversarial",
        1.0,
        0.01,
        10.0,
        "the squared distance between the discriminator's features of an image and of its "
        "reconstruction",
        _CODE,
    ),
    weight("contextual", 50.0, 1.0, 200.0, "the mean error of the reconstruction", _CODE),
    weight(
        "encoder",
        1.0,
        0.01,
        50.0,
        "the squared distance between the codes of an image and of its reconstruction",
        _CODE,
    ),
    settings.rate(2e-4, _CODE),
    settings.beta1(0.5, _CODE),
    settings.score(
        "latent",
        (
            "latent",
            "feature",
            "error",
            "squared_error",
            "worst_patch",
            "map_peak",
            "mixture",
        ),
        "of the distance between an image and its reconstruction: latent, the squares of that of "
        "their codes; feature, of that of the discriminator's features; error, squared_error, the "
        "means of their pixels; worst_patch, the highest mean of a patch; map_peak, the highest "
        "place of the anomaly map; mixture, a logistic regression on all of them, fitted on "
        "labelled validation images",
        "latent: the paper; the others: proposed here",
    ),
    settings.batch_normals(64, _CODE),
    settings.width(64, _CODE),
    settings.latent(100, _CODE),
    settings.number(
        "extra_layers",
        0,
        0,
        3,
        "3 x 3 convolutions that each network has more at its widest level",
        _CODE,
        structural=True,
    ),
    settings.initialisation("dcgan", _CODE),
    settings.word(
        "adversarial",
        "bce",
        ("bce", "lsgan", "hinge"),
        "loss of the discriminator, whose features alone the generator is trained by: bce, cross "
        "entropy; lsgan, least squares; hinge, margins of 1",
        "bce: " + _CODE,
    ),
    settings.discriminator_steps(1, _CODE),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

PUBLISHED: dict[str, dict[str, Value]] = {
    "released": {
        "adversarial_weight": 1.0,
        "contextual_weight": 50.0,
        "encoder_weight": 1.0,
        "learning_rate": 2e-4,
        "beta1": 0.5,
    },
}
"""The settings of the released code, where a search may vary them."""
