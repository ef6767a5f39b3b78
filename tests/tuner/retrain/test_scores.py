"""Thresholds are fixed by training and validation, before the test is opened."""

from dataclasses import replace
from pathlib import Path

from models.data.loading import load_test
from tests.tuner.retrain.conftest import plan_of
from tests.tuner.retrain.test_training import make_setting
from tuner.retrain.contenders import AUTOENCODER
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
