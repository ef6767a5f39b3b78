"""The intervals of a report against counting, and its validation figures against the folds."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from models.data.split import Split
from models.evaluation.mixture import cross_fitted, mixed_lanes
from models.fitted import FittedDetector
from tests.tuner.retrain.conftest import plan_of
from tests.tuner.retrain.test_divergences import training as training_of
from tuner.retrain import scores
from tuner.retrain.contender_figures import make_blocks
from tuner.retrain.ledger import Openings
from tuner.retrain.report_facts import Facts
from tuner.retrain.scores import SeedScores, SplitScores, seed_scores

Scores = np.ndarray
LABELS = np.arange(120) % 3 == 0


def drawn(signal: float, seed: int) -> Scores:
    return np.random.default_rng(seed).normal(size=len(LABELS)) + signal * LABELS


def scores_of(signals: Sequence[float], first: int) -> list[SeedScores]:
    """One training for each signal; validation has the scores of test."""
    found = []
    for number, signal in enumerate(signals):
        of_split = SplitScores(score=drawn(signal, first + number), error=None)
        one = training_of(number, 0.9)
        fitted: Any = SimpleNamespace(hyperparameters={}, detector="gan")
        found.append(
            SeedScores(
                training=one,
                fitted=fitted,
                validation=of_split,
                test=of_split,
                threshold=0.5,
                error_thresholds={},
                pixels=None,
            )
        )
    return found


def drawn_aurocs(seeds: Sequence[Scores], draws: int = 8000) -> Scores:
    """AUROCs [draws, seeds] of images drawn anew, counted pair by pair; the same for any seeds."""
    random = np.random.default_rng(11)
    kinds = [np.flatnonzero(LABELS), np.flatnonzero(~LABELS)]
    found = []
    for _ in range(draws):
        anomalies, normals = (random.choice(kind, len(kind)) for kind in kinds)
        found.append([(score[anomalies][:, None] > score[normals]).mean() for score in seeds])
    return np.array(found)


def middle(values: Scores) -> list[float]:
    """Where 95% of them lie, a fortieth to each side."""
    ordered = np.sort(values)
    return [float(ordered[len(values) // 40]), float(ordered[-len(values) // 40])]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    plan = plan_of(tmp_path_factory.mktemp("run"))
    of_keys = {each.key: scores_of((0.5, 0.6), 10) for each in plan.contenders}
    of_keys["best"], of_keys["pca"] = scores_of((1.0, 1.6), 0), scores_of((0.8, 0.9), 4)
    none = np.array([], np.int64)
    split = Split(
        fit_normals=none,
        fit_anomalies=none,
        validation_normals=none,
        validation_anomalies=none,
        normal_classes=(0,),
        class_names=("good", "bad"),
    )
    facts = Facts(
        split=split,
        labels={"validation": LABELS, "test": LABELS},
        test_classes=LABELS.astype(np.int64),
        test_class_names=("good", "bad"),
        synthetic_test=False,
        openings=Openings(of_configuration=1, of_task=1),
    )
    return make_blocks(plan, of_keys, facts), of_keys


def test_a_lead_would_have_another_interval_than_by_counting(blocks: Any) -> None:
    made, of_keys = blocks
    random = np.random.default_rng(5)
    means, aurocs = [], []
    for key in ("best", "pca"):
        seeds = [one.test.score for one in of_keys[key]]
        drawn = drawn_aurocs(seeds)
        trainings = random.integers(0, len(seeds), drawn.shape)
        means.append(np.take_along_axis(drawn, trainings, 1).mean(1))
        aurocs.append(np.mean([roc_auc_score(LABELS, one) for one in seeds]))
    difference = means[0] - means[1]
    found = made.ahead["pca"]["ci95"]
    assert found == pytest.approx(middle(difference), abs=0.012)
    assert made.ahead["pca"]["auroc"] == pytest.approx(aurocs[0] - aurocs[1])
    of_90 = np.quantile(difference, [0.05, 0.95])
    assert found != pytest.approx(of_90, abs=0.012), "the tolerance tells 90% from 95%"


def test_an_interval_would_be_of_seeds_instead_of_images(blocks: Any) -> None:
    """A mean over resamples has one value a seed, and no width but theirs."""
    made, of_keys = blocks
    means = drawn_aurocs([one.test.score for one in of_keys["best"]]).mean(1)
    for split in ("validation", "test"):
        found = made.blocks["best"][split]["auroc"]["ci95"]
        assert found == pytest.approx(middle(means), abs=0.008)
        assert found != pytest.approx(np.quantile(means, [0.05, 0.95]), abs=0.008)


def test_validation_figures_would_be_of_a_mixture_that_has_seen_the_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sixty parts of noise: what is fitted on them knows their labels, the folds do not."""
    random = np.random.default_rng(0)
    labels = torch.arange(200) % 2 == 1
    parts = {f"part{n}": torch.from_numpy(random.normal(size=200)) for n in range(60)}
    rows = {name: part.numpy() for name, part in parts.items()}
    stacked = torch.stack(list(parts.values()))[None]
    mixture = mixed_lanes(list(parts), stacked, labels).fitted[0]
    fitted: Any = SimpleNamespace(
        score_parts=lambda images: parts,
        mixture=mixture,
        hyperparameters={"score": "mixture"},
        detector="gan",
        threshold=0.0,
        error_threshold=None,
        to=lambda device: fitted,
    )
    images: Any = SimpleNamespace(images=None, anomalous=labels)
    data: Any = SimpleNamespace(validation=images, synthetic=False)
    monkeypatch.setattr(FittedDetector, "load", lambda folder: fitted)
    monkeypatch.setattr(scores, "pixel_figures", lambda *_: None)
    found = seed_scores(training_of(0, 0.9), data, images, autoencoder=False)
    assert abs(roc_auc_score(labels, found.validation.score) - 0.5) < 0.165
    assert found.validation.score == pytest.approx(cross_fitted(rows, labels.numpy()))
    assert found.test.score == pytest.approx(mixture.score(rows)), "test has no labels to hide"


def test_the_figures_of_a_report_would_not_lead_with_what_inspection_asks(
    blocks: Any, tmp_path: Path
) -> None:
    made, _ = blocks
    names = list(made.blocks["best"]["test"])
    assert names[:4] == ["miss_rate_at_1", "miss_rate_at_5", "balanced_accuracy", "auroc"]
    assert names[-1] == "f1"
