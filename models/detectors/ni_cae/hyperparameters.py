"""What can be set of NI-CAE. Torch-free."""

from models.detectors import settings
from models.hyperparameters import Hyperparameter
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "a student project on MVTec AD: a convolutional autoencoder with noise injection"
_CODE = "the project's notebooks"
_PROPOSED = "proposed here"

HYPERPARAMETERS = (
    settings.rate(1e-3, _CODE, low=1e-4),
    settings.number(
        "noise_variance",
        0.001,
        1e-4,
        0.1,
        "variance of the Gaussian noise on values from 0 to 1",
        _CODE,
        log=True,
    ),
    settings.number(
        "noisy_fraction",
        0.1,
        0.0,
        1.0,
        "the share of training images that noise is added to",
        _CODE,
    ),
    settings.word(
        "target",
        "noisy",
        ("noisy", "clean"),
        "what a noisy image is to be remade as: itself, or the image without noise",
        "noisy: " + _CODE + "; clean: denoising autoencoders, Vincent et al. 2008",
    ),
    settings.batch_normals(20, _CODE, low=1),
    settings.width(128, _CODE, low=4),
    settings.word(
        "bottleneck",
        "1x1",
        ("1x1", "flat"),
        "1x1: a dense layer over the channels of each place; flat: dense layers over the whole "
        "code",
        "1x1: " + _CODE + "; flat: " + _PROPOSED,
    ),
    settings.number(
        "dense",
        512,
        16,
        1024,
        "outputs of the bottleneck's dense layer",
        _CODE,
        log=True,
        structural=True,
    ),
    settings.patience(5, _CODE),
    Hyperparameter(
        name="ssim_window",
        default=11,
        choices=(7, 11),
        structural=True,
        meaning="side of the windows of structural similarity: 7, of equal weights; 11, Gaussian",
        source="7: scikit-image; 11: Wang et al. 2004",
    ),
    settings.score(
        "dissimilarity",
        ("dissimilarity", "error", "squared_error", "worst_patch", "map_peak", "mixture"),
        "dissimilarity: 1 - structural similarity to the reconstruction; error, squared_error: "
        "means over the image; worst_patch: the highest mean of a patch; map_peak: the highest "
        "place of the anomaly map; mixture: a logistic regression on them, fitted on labelled "
        "validation images",
        "dissimilarity: " + _CODE + "; the others: " + _PROPOSED,
    ),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3))
