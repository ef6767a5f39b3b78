"""The random baseline has nothing to set. Torch-free."""

from models.hyperparameters import Hyperparameter
from models.requirements import Requirements

PAPER = "the random baseline of a student project after Kim et al. 2020"

HYPERPARAMETERS: tuple[Hyperparameter, ...] = ()

REQUIREMENTS = Requirements()

STAGES: dict[str, float] = {}
