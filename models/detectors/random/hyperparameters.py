"""The random baseline has nothing to set. Torch-free."""

from models.hyperparameters import Hyperparameter, Value

HYPERPARAMETERS: tuple[Hyperparameter, ...] = ()
PUBLISHED: dict[str, dict[str, Value]] = {}
