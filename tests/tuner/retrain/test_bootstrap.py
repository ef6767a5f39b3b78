"""The bootstrap against plain counting."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.evaluation.metrics import auroc
from tuner.retrain import contender_figures
from tuner.retrain.bootstrap import (
    _draw,
    _drawn_auroc,
    interval,
    resampled_aurocs,
    resampled_difference,
)


def sample(count: int, seed: int, steps: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.random(count) < 0.4
    scores = generator.normal(size=count) + labels
    return labels, np.round(scores * steps) / steps if steps else scores


@pytest.mark.parametrize("steps", [0, 2])
def test_a_resample_would_have_another_auroc_than_its_images(steps: int) -> None:
    labels, scores = sample(200, 1, steps)
    generator = np.random.default_rng(2)
    sizes = (int(labels.sum()), int((~labels).sum()))
    positive, negative = (_draw(size, 5, generator) for size in sizes)
    assert [drawn.sum(1).tolist() for drawn in (positive, negative)] == [[n] * 5 for n in sizes]
    counts = np.zeros((5, 200), dtype=int)
    counts[:, labels], counts[:, ~labels] = positive, negative
    expected = [
        roc_auc_score(np.repeat(labels, drawn), np.repeat(scores, drawn)) for drawn in counts
    ]
    drawn = _drawn_auroc(scores[labels], scores[~labels], positive, negative)
    assert drawn == pytest.approx(expected)


def test_the_interval_would_not_hold_the_auroc_or_would_not_narrow() -> None:
    widths = []
    for count in (200, 5000):
        labels, scores = sample(count, 3)
        resampled = resampled_aurocs(labels, [scores, scores], seed=0)
        assert (resampled[:, 0] == resampled[:, 1]).all(), "one draw for all trainings"
        low, high = interval(resampled.mean(axis=1))
        assert low < roc_auc_score(labels, scores) < high
        assert (resampled == resampled_aurocs(labels, [scores, scores], seed=0)).all()
        widths.append(high - low)
    assert widths[0] > 3 * widths[1]


def test_resamples_would_share_their_normals_or_their_anomalies() -> None:
    """With one image of a side, the other alone makes resamples differ: each draws its own."""
    scores = np.linspace(0, 1, 60)
    for place, one in ((30, True), (29, False)):
        labels = np.full(60, not one)
        labels[place] = one
        resampled = resampled_aurocs(labels, [scores], seed=0)[:, 0]
        assert np.mean(resampled[1:] == resampled[:-1]) < 0.3
        assert resampled.std() == pytest.approx((0.25 / 59) ** 0.5, rel=0.1)


def test_two_contenders_would_be_resampled_on_different_images() -> None:
    """Shifted scores rank alike: unpaired, their difference would not be 0 in every resample."""
    labels, scores = sample(300, 4)
    best, other = (resampled_aurocs(labels, [each], seed=7) for each in (scores, scores + 1))
    assert (best == other).all() and best.std() > 0.01
    worse = resampled_aurocs(labels, [scores + sample(300, 5)[1] / 4], seed=7)
    low, high = interval(best - worse)
    alone = interval(best)
    assert high - low < 0.6 * (alone[1] - alone[0])


def test_the_interval_would_leave_out_more_or_less_than_a_twentieth() -> None:
    values = np.random.default_rng(0).normal(size=100_000)
    assert interval(values) == pytest.approx([-1.96, 1.96], abs=0.03)


def test_a_lead_of_one_lucky_training_would_be_called_sure() -> None:
    """Seeds that differ widely widen the interval; equal ones leave it to the images."""
    labels, scores = sample(400, 5)
    noise = sample(400, 6)[1]
    alike = resampled_aurocs(labels, [scores, scores, scores], seed=7)
    apart = resampled_aurocs(labels, [scores, scores + 2 * noise, scores + 4 * noise], seed=7)
    same = resampled_difference(alike, alike, seed=7)
    assert np.allclose(same, 0), "the images of both are the same"
    low, high = interval(resampled_difference(alike, apart, seed=7))
    assert low < 0.02
    assert high > 0.1


def test_a_difference_would_not_be_of_means_over_seeds_drawn_anew() -> None:
    """Seeds that are alike leave each resample its own; those that are not are drawn for both."""
    of_resample = np.linspace(0.5, 1, 1000)[:, None].repeat(3, 1)
    none = np.zeros((1000, 3))
    found = resampled_difference(of_resample, none, seed=1)
    assert found == pytest.approx(of_resample[:, 0])
    assert resampled_difference(none, of_resample, seed=1) == pytest.approx(-found)

    of_seed = np.array([[0.1, 0.3, 0.9]]).repeat(1000, 0)
    drawn = resampled_difference(of_seed, none, seed=1)
    # The mean of three draws of three values: its mean is theirs, its variance a third of theirs.
    assert drawn.mean() == pytest.approx(1.3 / 3, abs=4 * drawn.std() / np.sqrt(1000))
    assert drawn.std() == pytest.approx(np.std([0.1, 0.3, 0.9]) / np.sqrt(3), rel=0.1)
    assert len(set(np.round(drawn, 9))) == 10  # so many sets of three of them there are


def test_a_mixture_would_lend_its_labels_to_the_fair_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By errors the best is behind what it is ahead of by its mixture; both images are the same."""
    labels = np.repeat([False, True], 40)
    generator = np.random.default_rng(0)
    weak, strong = (labels * lift + generator.normal(size=80) for lift in (0.3, 3.0))
    monkeypatch.setattr(contender_figures, "is_mixed", lambda fitted: fitted == "mixed")
    scores = {
        "best": [SimpleNamespace(fitted="mixed", test=SimpleNamespace(error=weak))],
        "pca": [SimpleNamespace(fitted="plain", test=SimpleNamespace(error=None))],
        "unknown": [SimpleNamespace(fitted="mixed", test=SimpleNamespace(error=None))],
    }
    blocks: dict[str, Any] = {
        "best": {"error_auroc": {"mean": auroc(labels, weak)}, "test": {"auroc": {"mean": 1.0}}},
        "pca": {"test": {"auroc": {"mean": auroc(labels, strong)}}},
        "unknown": {"test": {"auroc": {"mean": 0.9}}},
    }
    tested = {"pca": resampled_aurocs(labels, [strong], 1)}
    of: Any = (SimpleNamespace(search_seed=0), scores, SimpleNamespace(labels={"test": labels}))
    found = contender_figures._ahead_by_error(*of, blocks, tested)
    assert found.keys() == {"pca"}
    assert found["pca"]["auroc"] == pytest.approx(auroc(labels, weak) - auroc(labels, strong))
    assert found["pca"]["ci95"][1] < 0
    del blocks["best"]["error_auroc"]
    assert contender_figures._ahead_by_error(*of, blocks, tested) == {}
