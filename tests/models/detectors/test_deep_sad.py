"""Deep SAD's loss against the paper's formula, and what known anomalies add."""

from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "deep-sad"
SMALL: dict[str, Any] = {"width": 4, "latent": 6}


def test_the_loss_would_not_be_the_papers() -> None:
    single = SingleModel(NAME, {**SMALL, "eta": 3.0})
    single.networks["hypersphere"].get_buffer("centre").fill_(0.4)
    images = some_images(7)
    (phase,) = single.detector.stages()[1].phases
    loss = phase.loss(single.model, Batch(images=images, normal_count=5), {})
    distances = [((row - 0.4) ** 2).sum() for row in single.networks["encoder"](images)]
    normal, anomalous = distances[:5], [1 / (each + 1e-6) for each in distances[5:]]
    expected = (sum(normal) + 3.0 * sum(anomalous)) / 7
    torch.testing.assert_close(loss.total, expected)
    torch.testing.assert_close(loss.terms["distance"], torch.stack(normal).mean())
    torch.testing.assert_close(loss.terms["inverse_distance"], torch.stack(anomalous).mean())


def test_known_anomalies_would_be_drawn_to_the_centre_or_normals_pushed_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single = SingleModel(NAME, {**SMALL, "eta": 2.0})
    distances = torch.tensor([0.5, 2.0, 0.5, 2.0], requires_grad=True)
    monkeypatch.setattr(single.detector, "_distances", lambda model, images: distances)
    (phase,) = single.detector.stages()[1].phases
    loss = phase.loss(single.model, Batch(images=some_images(4), normal_count=2), {})
    (slope,) = torch.autograd.grad(loss.total, distances)
    # The nearer an anomaly, the more it is pushed.
    assert slope.tolist() == pytest.approx([1 / 4, 1 / 4, -2 / 0.25 / 4, -2 / 4 / 4], rel=1e-4)


def test_an_anomaly_at_the_centre_would_make_the_loss_infinite() -> None:
    single = SingleModel(NAME, {**SMALL, "eta": 10.0})
    (phase,) = single.detector.stages()[1].phases
    for parameter in single.networks["encoder"].parameters():
        torch.nn.init.zeros_(parameter)
    loss = phase.loss(single.model, Batch(images=some_images(3), normal_count=2), {})
    assert loss.total.isfinite()


def test_digits_would_not_be_told_apart(digits: TrainingData) -> None:
    values = {"width": 8, "latent": 16, "batch_normals": 16, "batch_anomalies": 4}
    rates = {"learning_rate": 1e-3, "pretraining_learning_rate": 1e-3}
    lane = Lane(hyperparameters=detectors.resolve(NAME, {**values, **rates}), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=10)
    for _ in range(10):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] == result.metrics["auroc/distance"] > 0.95


def test_normals_alone_would_be_taken() -> None:
    with pytest.raises(ValueError, match="needs known anomalies"):
        detectors.requirements(NAME).check(size=32, channels=1, normals=100, anomalies=0)
