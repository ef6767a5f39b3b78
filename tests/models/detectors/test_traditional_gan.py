"""The traditional GAN's losses by their formulas, and who is asked to believe what."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.losses import adversarial
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, phase_losses, some_images

NAME = "traditional-gan"
SMALL: dict[str, Any] = {
    "width": 4,
    "latent": 6,
    "normal_adversarial_weight": 0.7,
    "anomaly_adversarial_weight": 0.3,
    "anomaly_weight": 2.0,
}


@pytest.fixture
def single() -> SingleModel:
    return SingleModel(NAME, SMALL)


@pytest.fixture
def batch() -> Batch:
    return Batch(images=some_images(7), normal_count=4)


def _remade(single: SingleModel, images: Tensor) -> Tensor:
    rows: Tensor = single.networks["generator"](images.flatten(1))
    return rows.tanh().view_as(images)


def _real(single: SingleModel, kind: str, images: Tensor) -> Tensor:
    """The probability of being real [N]."""
    logits: Tensor = single.networks[f"{kind}_discriminator"](images.flatten(1))
    return logits[:, 0].sigmoid()


def test_the_networks_would_have_other_layers() -> None:
    networks = detectors.make(NAME, detectors.resolve(NAME, {}), 1, 32).networks()
    counts = {name: sum(p.numel() for p in each.parameters()) for name, each in networks.items()}
    down = (1024, 512, 256, 64)
    weights = sum(a * b for a, b in pairwise(down))
    assert counts["generator"] == 2 * weights + 512 + 256 + 64 + 256 + 512 + 1024
    assert counts["normal_discriminator"] == 1024 * 512 + 512 + 512 * 256 + 256 + 256 + 1
    assert counts["anomaly_discriminator"] == counts["normal_discriminator"]


def test_a_discriminator_would_see_the_other_ones_images_or_targets(
    single: SingleModel, batch: Batch
) -> None:
    loss = phase_losses(single, batch)[1]["discriminators"]
    images, remade = batch.images, _remade(single, batch.images)
    expected = {}
    for kind, rows in (("normal", slice(0, 4)), ("anomaly", slice(4, 7))):
        real, fake = _real(single, kind, images[rows]), _real(single, kind, remade[rows])
        expected[f"{kind}_discriminator"] = ((real - 1) ** 2).mean() + (fake**2).mean()
        swapped = ((fake - 1) ** 2).mean() + (real**2).mean()
        assert (expected[f"{kind}_discriminator"] - swapped).abs() > 1e-3
    assert set(loss.terms) == set(expected)
    for name, term in loss.terms.items():
        torch.testing.assert_close(term, expected[name])
    torch.testing.assert_close(loss.total, sum(expected.values(), torch.zeros(())))


def test_the_generator_would_deceive_the_wrong_one_or_remake_anomalies(
    single: SingleModel, batch: Batch
) -> None:
    loss = phase_losses(single, batch)[1]["generator"]
    remade = _remade(single, batch.images)
    squared = (batch.images - remade).square()
    expected = {
        "reconstruction": squared[:4].mean(),
        "normal_adversarial": (_real(single, "normal", remade[:4]) - 1).square().mean(),
        "anomaly_adversarial": _real(single, "anomaly", remade[4:]).square().mean(),
        "anomaly": -squared[4:].mean(),
    }
    assert set(loss.terms) == set(expected)
    for name, term in loss.terms.items():
        torch.testing.assert_close(term, expected[name])
    weights = {"normal_adversarial": 0.7, "anomaly_adversarial": 0.3, "anomaly": 2.0}
    total = sum(weights.get(name, 1.0) * term for name, term in expected.items())
    torch.testing.assert_close(loss.total, total)


def test_an_anomaly_that_is_remade_badly_enough_would_still_pull(single: SingleModel) -> None:
    near, far = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
    *_, weight, bias = single.networks["generator"].parameters()
    with torch.no_grad():  # remakes everything as one dark grey
        weight.zero_()
        bias.fill_(-1.0)
    batch = Batch(images=torch.cat([near, near, far]), normal_count=1)
    term = phase_losses(single, batch)[1]["generator"].terms["anomaly"]
    squared = torch.tanh(torch.tensor(1.0)) ** 2
    torch.testing.assert_close(term, -(squared + 1) / 2)
    (gradient,) = torch.autograd.grad(term, bias)
    half = torch.tanh(torch.tensor(1.0)) * (1 - squared) / 256  # of the near one of the two alone
    torch.testing.assert_close(gradient, half.expand(256))


def test_the_anomaly_between_class_loss_would_be_of_absolute_errors(batch: Batch) -> None:
    single = SingleModel(NAME, {**SMALL, "anomaly_loss": "abc"})
    squared = (batch.images - _remade(single, batch.images))[4:].square().mean((1, 2, 3))
    expected = -torch.log(1 - torch.exp(-squared)).mean()
    torch.testing.assert_close(
        phase_losses(single, batch)[1]["generator"].terms["anomaly"], expected
    )


def test_a_discriminator_would_learn_from_the_generators_phase(single: SingleModel) -> None:
    discriminators, generator = single.detector.stages()[0].phases
    assert discriminators.trains == ("normal_discriminator", "anomaly_discriminator")
    assert generator.trains == ("generator",)
    three = SingleModel(NAME, {**SMALL, "discriminator_steps": 3}).detector.stages()[0]
    assert [phase.every for phase in three.phases] == [1, 3]


def test_a_discriminators_verdict_would_point_the_wrong_way(
    single: SingleModel, batch: Batch
) -> None:
    with torch.no_grad():
        parts = single.detector.score_parts(single.model, batch.images)
        normal = _real(single, "normal", batch.images)
        anomaly = _real(single, "anomaly", batch.images)
        squared = (batch.images - _remade(single, batch.images)).square().mean((1, 2, 3))
    torch.testing.assert_close(parts["normal_discriminator"].sigmoid(), 1 - normal)
    torch.testing.assert_close(parts["anomaly_discriminator"].sigmoid(), anomaly)
    torch.testing.assert_close(parts["squared_error"], squared)


def test_an_adversarial_loss_would_be_offered_that_there_is_not() -> None:
    offered = {each.name: each.choices for each in detectors.hyperparameters(NAME)}
    assert sorted(map(str, offered["adversarial"] or ())) == sorted(adversarial.NAMES)


@pytest.mark.parametrize("anomaly_loss", ["clipped", "abc"])
def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData, anomaly_loss: str) -> None:
    values = {"width": 4, "latent": 8, "generator_lr": 1e-3, "anomaly_loss": anomaly_loss}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=8)
    metrics = [trainer.epoch()[0].metrics for _ in range(8)][-1]
    assert metrics["auroc"] == metrics["auroc/squared_error"] > 0.98
