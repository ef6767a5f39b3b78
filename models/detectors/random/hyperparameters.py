"""The random baseline has nothing to set. Torch-free."""

from models.hyperparameters import Hyperparameter, Value
from models.requirements import Requirements

HYPERPARAMETERS: tuple[Hyperparameter, ...] = ()
REQUIREMENTS = Requirements()
PUBLISHED: dict[str, dict[str, Value]] = {}
