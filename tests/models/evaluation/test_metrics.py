import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation import metrics


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auroc_is_the_share_of_rightly_ordered_pairs(rows: list[tuple[bool, int]]) -> None:
    anomalous = np.array([row[0] for row in rows])
    score = np.array([row[1] for row in rows], dtype=float)
    if anomalous.all() or not anomalous.any():
        return
    pairs = np.subtract.outer(score[anomalous], score[~anomalous])
    share = (pairs > 0).mean() + 0.5 * (pairs == 0).mean()
    assert metrics.auroc(anomalous, score) == pytest.approx(share)


def test_auroc_below_one_half_is_not_flipped() -> None:
    assert metrics.auroc(np.array([True, False]), np.array([0.0, 1.0])) == 0.0


def test_a_decision_is_what_a_threshold_makes_of_the_scores() -> None:
    decision = metrics.decide(np.arange(4.0), np.array([False, True, False, True]), 1.5)
    assert (decision.f1, decision.accuracy) == (0.5, 0.5)
    at_the_threshold = metrics.decide(np.array([1.0, 2.0]), np.array([False, True]), 1.0)
    assert at_the_threshold.accuracy == 1.0
