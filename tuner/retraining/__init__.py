"""Retrain the best configuration with fresh seeds, open the test split once, report.

Importing this loads neither torch nor scikit-learn nor matplotlib.
"""

from tuner.retraining.flow import RetrainSummary, retrain

__all__ = ["RetrainSummary", "retrain"]
