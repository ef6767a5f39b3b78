"""What can be set of the variational autoencoder. Torch-free."""

from models.detectors import settings
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Kingma and Welling, ICLR 2014; as a detector An and Cho 2015"

HYPERPARAMETERS = (
    settings.number(
        "beta",
        1.0,
        0.1,
        10.0,
        "weight of the divergence of an image's latent distribution from the prior, in the loss "
        "and in the score elbo",
        "1: Kingma and Welling 2014; others: Higgins et al., beta-VAE, ICLR 2017",
        log=True,
    ),
    # The unlikelihood of a grey pixel under bce is never below its own entropy, which says nothing
    # of anomalies. After 6 epochs on 2000 T-shirts of FashionMNIST, at width 16, the validation
    # AUROC of elbo and error is 0.88 and 0.82 with mse, 0.60 and 0.87 with bce (one run each).
    settings.word(
        "likelihood",
        "mse",
        ("mse", "bce"),
        "of a pixel from 0 to 1, given its reconstruction: mse, normal with variance 1/2; bce, "
        "Bernoulli, for images of black and white",
        "both: Kingma and Welling 2014",
    ),
    settings.rate(1e-3, settings.PROPOSED, low=1e-4),
    settings.beta1(0.9, "Adam"),
    settings.score(
        "elbo",
        ("elbo", "kl", "error", "squared_error", "worst_patch", "map_peak", "mixture"),
        "elbo: what the loss is of this image, over several samples; kl: its divergence alone; "
        "error, squared_error: of the reconstruction from the latent mean; worst_patch: the "
        "highest mean error of a patch; map_peak: the highest place of the anomaly map; mixture: a "
        "logistic regression on them, fitted on labelled validation images",
        "all proposed here; An and Cho have the mean over samples without the divergence",
    ),
    settings.number(
        "samples",
        16,
        1,
        64,
        "latent vectors over which the score elbo is a mean, the same deviations for all images",
        settings.PROPOSED,
        log=True,
        structural=True,
    ),
    settings.batch_normals(128, settings.PROPOSED),
    settings.width(64, "GANomaly, whose pyramids it has"),
    settings.latent(64, settings.PROPOSED),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)
