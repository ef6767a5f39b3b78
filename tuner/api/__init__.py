"""The same work from Python: `from tuner.api import search, retrain, report, load`.

Each takes the words of its command: `--time-budget 10m` is `time_budget="10m"`.
"""

from tuner.api.loading import load
from tuner.api.reporting import report
from tuner.api.retraining import retrain
from tuner.api.run import Run
from tuner.api.searching import search
from tuner.space import load_space

__all__ = ["Run", "load", "load_space", "report", "retrain", "search"]
