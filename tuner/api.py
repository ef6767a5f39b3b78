"""The same work from Python: `from tuner.api import search, retrain, load`."""

from tuner.retraining import retrain
from tuner.searching import SearchSummary, search
from tuner.space import load_space

__all__ = ["SearchSummary", "load_space", "retrain", "search"]
