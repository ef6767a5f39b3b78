import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from models.evaluation.lane_metrics import auprcs, aurocs, flagged
from models.evaluation.validation import judge

_TIED = st.integers(0, 4).map(float)
_FREE = st.floats(-1e6, 1e6)


@st.composite
def _scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels of both kinds [N], and scores of three lanes [3, N], many of them equal."""
    anomalous = [False, True, *draw(st.lists(st.booleans(), max_size=40))]
    kind = draw(st.sampled_from([_TIED, _FREE]))
    row = st.lists(kind, min_size=len(anomalous), max_size=len(anomalous))
    return np.array(anomalous), np.array([draw(row) for _ in range(3)])


@settings(deadline=None, max_examples=150)
@given(_scored())
def test_figures_of_all_lanes_are_scikit_learns(scored: tuple[np.ndarray, np.ndarray]) -> None:
    anomalous, scores = scored
    labels, tensor = torch.from_numpy(anomalous), torch.from_numpy(scores)
    cut = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64)
    ours = {"auroc": aurocs(tensor, labels), "auprc": auprcs(tensor, labels)}
    said = flagged(tensor, labels, cut)
    for lane, score in enumerate(scores):
        assert ours["auroc"][lane] == pytest.approx(roc_auc_score(anomalous, score), abs=1e-9)
        precision = average_precision_score(anomalous, score)
        assert ours["auprc"][lane] == pytest.approx(precision, abs=1e-9)
        above = score > float(cut[lane])
        assert said.f1[lane] == pytest.approx(f1_score(anomalous, above, zero_division=0.0))
        assert said.accuracy[lane] == pytest.approx(accuracy_score(anomalous, above))


def test_parts_of_lanes_are_counted_together_or_alone_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(5, 7, 100, generator=generator, dtype=torch.float64).mul(20).round()
    labels = torch.arange(100) % 3 == 0
    together = aurocs(scores, labels)
    assert together.shape == (5, 7)
    assert torch.equal(together[3, 4], aurocs(scores[3, 4], labels))


def test_scores_without_spread_or_not_finite_are_unusable() -> None:
    good = torch.arange(20, dtype=torch.float64)
    same = torch.full_like(good, 2.0)
    sick = torch.where(good == 3, torch.nan, good)
    labels = np.arange(20) > 9
    parts = {"error": torch.stack([good, same, good]), "latent": torch.stack([same, good, sick])}
    assert [of is None for of in judge(parts, labels, [{}] * 3)] == [False, True, True]
    mixed = judge(parts, labels, [{"score": "mixture"}] * 3)
    assert [of is None for of in mixed] == [True, True, True]
