"""The same work from Python: `from tuner.api import search, retrain, load`."""

from pathlib import Path
from typing import TYPE_CHECKING

from tuner.record.run_folder import RunFolder
from tuner.retraining import RetrainSummary, retrain
from tuner.searching import SearchSummary, search
from tuner.space import load_space

if TYPE_CHECKING:
    from models.fitted import FittedDetector

__all__ = ["RetrainSummary", "SearchSummary", "load", "load_space", "retrain", "search"]


def load(run_folder: Path) -> "FittedDetector":
    """The model that `retrain` left in a run: `load(folder).score(images)` for uint8 N x C x H x W.

    Raises FileNotFoundError where the run has not been retrained; `score` a ValueError for images
    of another kind or size.
    """
    from models.fitted import FittedDetector  # noqa: PLC0415  # torch: a search does without

    model = RunFolder(run_folder).model
    if not run_folder.is_dir():
        raise FileNotFoundError(f"there is no folder {run_folder}")
    if not model.is_dir():
        raise FileNotFoundError(
            f"{run_folder} has not been retrained: python -m tuner.retrain --search {run_folder}"
        )
    return FittedDetector.load(model)
