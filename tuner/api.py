"""The same work from Python: `from tuner.api import search, retrain, load`."""

from pathlib import Path
from typing import TYPE_CHECKING

from tuner.retrain.flow import RetrainSummary, retrain
from tuner.retrain.model_folder import open_model
from tuner.search.session import search
from tuner.search.summary import SearchSummary
from tuner.space import load_space

if TYPE_CHECKING:
    from models.scoring import Scorer

__all__ = ["RetrainSummary", "SearchSummary", "load", "load_space", "retrain", "search"]


def load(run_folder: Path) -> "Scorer":
    """The model that `retrain` left in a run, by the run's folder or the model's own.

    `load(folder).score(pictures)` takes paths, and uint8 arrays and tensors of any size. Raises
    FileNotFoundError where there is no model; `score` a ValueError for pictures of another kind.
    """
    from models.scoring import Scorer  # noqa: PLC0415  # torch: a search does without

    return Scorer(open_model(run_folder).detector)
