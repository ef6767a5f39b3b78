"""Thresholds are fixed by training and validation, before the test is opened."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data.loading import load_test
from models.evaluation.mixture import cross_fitted
from tests.tuner.retrain.conftest import plan_of
from tests.tuner.retrain.test_training import make_setting
from tuner.figures.metrics import AUTOENCODER
from tuner.retrain.plan import Job
from tuner.retrain.scores import seed_scores
from tuner.retrain.training import load_images, train


def test_the_published_threshold_would_be_of_another_epoch_than_the_kept_one(
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path, epochs=3)
    setting = make_setting(plan, tmp_path)
    data, test = load_images(setting), load_test(plan.data, setting.source)
    (contender,) = (one for one in plan.contenders if one.key == AUTOENCODER)
    (trained,) = train(Job(contender=contender, numbers=(0,)), setting, data, print)
    losses = [row.losses["reconstruction"] for row in trained.rows]
    assert losses == sorted(losses, reverse=True) and len(set(losses)) == 3
    first_kept = replace(trained, kept_epoch=1)
    scores = seed_scores(first_kept, data, test, autoencoder=True)
    assert scores.error_thresholds["training_loss"] == losses[0]
    assert scores.validation.error is not None
    of_normals = np.sort(scores.validation.error[~data.validation.anomalous.numpy()])
    below, above = of_normals[int(0.95 * (len(of_normals) - 1)) :][:2]
    assert below <= scores.error_thresholds["quantile_0.95"] <= above


def test_validation_would_be_judged_by_what_was_fitted_on_it_or_test_by_another_threshold(
    tmp_path: Path,
) -> None:
    plan = plan_of(tmp_path, epochs=1, fixed={"width": 4, "score": "mixture"})
    setting = make_setting(plan, tmp_path)
    data, test = load_images(setting), load_test(plan.data, setting.source)
    (trained,) = train(Job(contender=plan.best, numbers=(0,)), setting, data, print)
    scores = seed_scores(trained, data, test, autoencoder=False)
    parts = {
        split: {name: part.double().numpy() for name, part in found.items()}
        for split, found in (
            ("validation", scores.fitted.score_parts(data.validation.images)),
            ("test", scores.fitted.score_parts(test.images)),
        )
    }
    mixed = scores.fitted.mixture.score
    assert np.array_equal(scores.test.score, mixed(parts["test"]))
    assert not np.allclose(scores.validation.score, mixed(parts["validation"]), atol=1e-6)
    held_out = cross_fitted(parts["validation"], data.validation.anomalous.numpy())
    assert np.array_equal(scores.validation.score, held_out)
    assert scores.threshold == scores.fitted.threshold
    assert scores.error_thresholds == {"regression": scores.fitted.error_threshold}
    assert scores.fitted.error_threshold != scores.fitted.threshold
