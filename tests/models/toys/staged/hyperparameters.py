"""What can be set of the toy of two stages. Torch-free."""

from models.detectors import settings
from models.requirements import Requirements
from models.stages import Shares

PAPER = "none: a toy"
_TOY = "a toy's"

HYPERPARAMETERS = (
    settings.rate(1e-2, _TOY, low=1e-6, high=0.1),
    settings.number("decay", 0.9, 0.0, 0.999, "decay of the average of the weights", _TOY),
    settings.patience(1000, _TOY),
    settings.number("every", 1, 1, 10, "batches to a step of the maker", _TOY, structural=True),
    settings.batch_normals(16, _TOY),
)

REQUIREMENTS = Requirements()

STAGES: Shares = {"pretraining": 1.0, "training": 2.0}
