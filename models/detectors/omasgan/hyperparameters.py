"""What can be set of OMASGAN. Torch-free.

The letters are the paper's. There is no `adversarial`: `form` and `divergence` say the losses of
all generators and critics. Images of one pixel are points, whose noise has as many numbers as they
have channels, whatever `latent` says.

The defaults are for images. On points-2d, with power 2, penalty_weight and distance_weight 4,
dispersion_weight 0.1 and judge_lr 1e-3, the validation AUROC after 80 epochs is 0.999, 0.969, 0.999
and 0.979 from four seeds.
"""

from models.detectors import settings
from models.hyperparameters import Hyperparameter, Value
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Dionelis, Jackson, Tsaftaris, Yaghoobi, OMASGAN, SSPD 2022"
_CODE = "OMASGAN 2022, released code"
_SLIDE = "OMASGAN 2022"
_POST_HOC = 2.0
"""The most that the second part of the score weighs."""
_STEP = 0.1


def _part(name: str, default: float, low: float, meaning: str) -> Hyperparameter:
    return settings.number(name, default, low, 1.0, meaning, _CODE)


HYPERPARAMETERS = (
    settings.word(
        "form",
        "f-gan",
        ("f-gan", "klwgan"),
        "how critics tell distributions apart: f-gan, by an f-divergence; klwgan, by margins of 1 "
        "with generated images weighed by the critic",
        _CODE,
    ),
    settings.word(
        "divergence",
        "pearson",
        ("pearson", "kl", "js", "gan"),
        "of form f-gan: Pearson's chi squared, Kullback-Leibler, Jensen-Shannon, or the GAN's",
        _CODE,
    ),
    settings.number(
        "temperature",
        5.0,
        0.1,
        100.0,
        "of form klwgan: the higher, the more alike the weights of generated images",
        _CODE,
        log=True,
    ),
    settings.weight(
        "penalty",
        10.0,
        0.0,
        20.0,
        "half the squared gradient of a critic at its real images",
        _CODE,
    ),
    settings.weight(
        "distance",
        0.2,
        0.01,
        30.0,
        "the distance (lambda) of a boundary image to the nearest of the bank",
        _CODE,
    ),
    settings.weight(
        "dispersion",
        0.3,
        0.01,
        60.0,
        "the dispersion (mu): how much alike boundary images of different noise are",
        _CODE,
    ),
    settings.number(
        "power",
        1,
        1,
        2,
        "q: the power of distances in the distance and in the dispersion",
        _CODE + ": 1 of images, 2 of points",
        structural=True,
    ),
    settings.number(
        "bank",
        1024,
        2,
        4096,
        "images to which the distance is measured; fewer of large ones, for memory",
        settings.PROPOSED,
        log=True,
        structural=True,
    ),
    settings.word(
        "reference",
        "generator",
        ("generator", "normals"),
        "what boundary images are to be near to, but not of: images of the first generator, or "
        "the normal images",
        "generator: the paper's formula; normals: " + _CODE,
    ),
    _part("alpha", 0.3, 0.1, "weight of normal images in the second critic's loss, real to it"),
    _part("delta", 0.4, 0.0, "weight of the first generator's images there, real to it too"),
    _part("beta", 1.0, 0.1, "weight of the second generator's images there, fake to it"),
    _part("gamma_b", 0.7, 0.1, "weight of boundary images there, fake to it too"),
    settings.number(
        "zeta",
        0.5,
        0.1,
        0.9,
        "the share of normal images beside the second generator's in what the judge puts low",
        _CODE,
    ),
    settings.word(
        "prior",
        "uniform",
        ("uniform", "normal"),
        "the distribution of a generator's noise: uniform from 0 to 1, or N(0, 1)",
        "uniform: " + _CODE + "; normal: its form klwgan",
    ),
    settings.rate(1e-3, _CODE, of="the first generator and its discriminator"),
    settings.rate(1e-3, _CODE, name="boundary_lr", of="the boundary generator and its critic"),
    settings.rate(1e-3, _CODE, name="retraining_lr", of="the second generator and its critic"),
    settings.rate(1e-4, _CODE, name="judge_lr", of="the judge"),
    settings.beta1(0.9, _CODE),
    settings.discriminator_steps(1, _CODE),
    settings.score(
        "published",
        ("published", "tuned", "judge", "divergence", "nearest", "mixture"),
        "published: judge + divergence; tuned: judge + lambda divergence, lambda from 0 to 2 "
        "chosen on labelled validation images; judge: the judge's value; divergence: of the image "
        "from the second generator, by its critic; nearest: the distance to the nearest of the "
        "second generator's images; mixture: a logistic regression on the three, fitted on "
        "labelled validation images",
        _SLIDE + ", which does not say how it computes the divergence",
    ),
    settings.batch_normals(64, _CODE),
    settings.width(64, _CODE),
    settings.latent(100, _CODE),
)

REQUIREMENTS = Requirements(sizes=(1, *PYRAMID_SIZES), least_normals=2)

STAGES = {"normal": 0.3, "boundary": 0.2, "retraining": 0.3, "judge": 0.2}

SCORES = {
    "published": ({"judge": 1.0, "divergence": 1.0},),
    "tuned": tuple(
        {"judge": 1.0, "divergence": round(step * _STEP, 1)}
        for step in range(round(_POST_HOC / _STEP) + 1)
    ),
}

PUBLISHED: dict[str, dict[str, Value]] = {
    "f-gan": {"reference": "normals"},
    "klwgan": {
        "form": "klwgan",
        "reference": "normals",
        "penalty_weight": 0.0,
        "distance_weight": 20.0,
        "dispersion_weight": 50.0,
        "alpha": 0.7,
        "delta": 0.0,
        "zeta": 0.6,
        "prior": "normal",
        "latent": 128,
        "learning_rate": 2e-4,
        "boundary_lr": 2e-4,
        "retraining_lr": 2e-4,
        "judge_lr": 2e-4,
        "beta1": 0.0,
        "discriminator_steps": 4,
    },
}
"""f-gan: the released code for MNIST. klwgan: that for CIFAR-10, there on BigGAN's networks."""
