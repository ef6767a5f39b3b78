"""What can be set of BDSG. Torch-free.

The paper is known from its abstract only, so every default is proposed here; those of the distance
and the dispersion are OMASGAN's, by the same authors.
"""

from models.detectors import settings
from models.hyperparameters import Hyperparameter
from models.requirements import PYRAMID_SIZES, Requirements
from models.scores import blends

PAPER = "Dionelis, Yaghoobi, Tsaftaris, BDSG, ICIP 2020; known from its abstract only: a proposal"
PROPOSED = "proposed here; of the paper only the abstract is known"
_OMASGAN = "OMASGAN 2022, the same authors"


def boundary_hyperparameters() -> tuple[Hyperparameter, ...]:
    """What the boundary generator has, whatever the density is."""
    return (
        settings.number(
            "tail",
            0.05,
            0.001,
            0.5,
            "the share of normal images below the log density of the boundary",
            PROPOSED,
            log=True,
        ),
        settings.weight(
            "distance",
            0.2,
            0.01,
            30.0,
            "the distance (lambda) of a boundary image to the nearest normal one, which is longer "
            "between larger images",
            _OMASGAN,
        ),
        settings.weight(
            "dispersion",
            0.3,
            0.01,
            60.0,
            "the dispersion (mu): how much alike boundary images of different noise are",
            _OMASGAN,
        ),
        settings.rate(1e-3, PROPOSED, name="boundary_lr", of="the boundary generator", low=2e-5),
        settings.beta1(0.5, "DCGAN"),
        settings.latent(100, _OMASGAN),
        settings.batch_normals(64, _OMASGAN),
        settings.width(64, _OMASGAN),
        settings.score(
            "blend",
            ("blend", "density", "boundary_distance", "mixture"),
            "density: how improbable an image is; boundary_distance: how far from the nearest "
            "image of the boundary; blend: (1 - a) density + a boundary_distance, a from 0 to 1 "
            "chosen on labelled validation images; mixture: a logistic regression on both, fitted "
            "on those",
            PROPOSED,
        ),
    )


HYPERPARAMETERS = (
    *boundary_hyperparameters(),
    settings.number(
        "couplings",
        8,
        2,
        16,
        "layers of the flow; each moves half of its numbers",
        PROPOSED,
        structural=True,
    ),
    settings.number(
        "noise",
        0.1,
        0.01,
        0.5,
        "standard deviation of what is added to images, which go from -1 to 1, for their density",
        PROPOSED,
        log=True,
    ),
    settings.rate(1e-3, "RealNVP", name="density_lr", of="the flow", low=2e-5),
    settings.weight_decay(5e-5, "RealNVP", name="density_weight_decay", high=0.01),
)

REQUIREMENTS = Requirements(sizes=PYRAMID_SIZES, channels=(1, 3), least_normals=2)

STAGES = {"density": 0.6, "boundary": 0.4}

SCORES = {"blend": blends("density", "boundary_distance")}
