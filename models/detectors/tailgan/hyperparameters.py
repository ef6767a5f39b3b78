"""What can be set of TailGAN. Torch-free.

The paper is known from its abstract only, so every default is proposed here. There is no
`adversarial`: the energy is learned by maximum likelihood, which has one loss.
"""

from models.detectors import settings
from models.detectors.bdsg import hyperparameters as bdsg

PAPER = (
    "Dionelis, Yaghoobi, Tsaftaris, TailGAN, SSPD 2020; known from its abstract only: a proposal"
)

HYPERPARAMETERS = (
    *bdsg.boundary_hyperparameters(),
    settings.weight(
        "penalty",
        10.0,
        0.01,
        20.0,
        "half the squared gradient of the energy at normal and generated images",
        "OMASGAN 2022, the same authors",
    ),
    settings.weight(
        "entropy",
        1.0,
        0.01,
        60.0,
        "how much alike generated images of different noise are, in place of their entropy",
        bdsg.PROPOSED,
    ),
    settings.rate(2e-4, bdsg.PROPOSED, name="energy_lr", of="the energy", high=2e-3),
    settings.rate(2e-4, bdsg.PROPOSED, name="generator_lr", of="the first generator", high=2e-3),
    settings.discriminator_steps(1, bdsg.PROPOSED),
)

REQUIREMENTS = bdsg.REQUIREMENTS

STAGES = bdsg.STAGES

SCORES = bdsg.SCORES
