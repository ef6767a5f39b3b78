"""FenceGAN's losses against the paper's formulas, and what its stages train."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch, Loss
from models.lanes.lane import Lane
from models.networks.dense import discriminator
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, parameter_count, some_images

NAME = "fencegan"
SMALL: dict[str, Any] = {
    "width": 4,
    "latent": 6,
    "batch_normals": 16,
    "encirclement_target": 0.2,
    "dispersion_weight": 7.0,
    "fake_weight": 0.3,
}
QUICK: dict[str, Any] = {**SMALL, "generator_lr": 1e-3, "discriminator_lr": 5e-4}


@pytest.fixture
def single() -> SingleModel:
    return SingleModel(NAME, SMALL)


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    draws = {f"{of}_noise": torch.randn(5, 6) for of in ("discriminator", "generator")}
    return Batch(images=some_images(5), normal_count=5, draws=draws)


def _loss(single: SingleModel, batch: Batch, phase: str) -> Loss:
    training = single.detector.stages()[1]
    return next(of for of in training.phases if of.name == phase).loss(single.model, batch, {})


def _real(single: SingleModel, images: Tensor) -> Tensor:
    """The probability of being real [N]."""
    real: Tensor = single.networks["discriminator"](images)[1].sigmoid()
    return real


def test_networks_would_not_have_the_paper_s_parameters() -> None:
    networks = detectors.make(NAME, detectors.resolve(NAME, {}), 1, 32).networks()
    assert (
        parameter_count(networks["generator"]) == 8_753_345 - 9_280
    )  # biases that norms take away
    norms = 2 * 64 + 2 * 1024
    assert parameter_count(networks["discriminator"]) == 4_265_217 - norms
    with_norms = parameter_count(discriminator(1, 64, 32)) + 1_088
    assert with_norms - parameter_count(discriminator(1, 64, 32, norm=False)) == norms


def test_the_discriminator_would_not_call_normals_real(single: SingleModel, batch: Batch) -> None:
    loss = _loss(single, batch, "discriminator_real")
    expected = -_real(single, batch.images).log().mean()
    torch.testing.assert_close(loss.total, expected)
    assert set(loss.terms) == {"real"}


def test_the_discriminator_would_not_call_generated_images_fake_or_forget_gamma(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, "discriminator_fake")
    fakes = single.networks["generator"](batch.draws["discriminator_noise"])
    expected = -(1 - _real(single, fakes)).log().mean()
    torch.testing.assert_close(loss.terms["fake"], expected)
    torch.testing.assert_close(loss.total, 0.3 * expected)


def test_the_fence_would_not_lie_at_alpha_or_not_be_spread(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, "generator")
    fence = single.networks["generator"](batch.draws["generator_noise"])
    real = _real(single, fence)
    encirclement = -(0.2 * real.log() + 0.8 * (1 - real).log()).mean()
    centre = sum(fence) / len(fence)
    radius = sum((image - centre).norm() for image in fence) / len(fence)
    torch.testing.assert_close(loss.terms["encirclement"], encirclement)
    torch.testing.assert_close(loss.terms["dispersion"], 1 / radius)
    torch.testing.assert_close(loss.total, encirclement + 7 / radius)


def test_least_squares_would_have_other_targets(batch: Batch) -> None:
    single = SingleModel(NAME, {**SMALL, "adversarial": "lsgan"})
    fakes, fence = (
        single.networks["generator"](batch.draws[f"{of}_noise"])
        for of in ("discriminator", "generator")
    )
    terms = {
        "discriminator_real": ("real", (_real(single, batch.images) - 1).square().mean()),
        "discriminator_fake": ("fake", _real(single, fakes).square().mean()),
        "generator": ("encirclement", (_real(single, fence) - 0.2).square().mean()),
    }
    for phase, (term, expected) in terms.items():
        torch.testing.assert_close(_loss(single, batch, phase).terms[term], expected)


def test_the_score_would_not_be_the_probability_of_being_fake(single: SingleModel) -> None:
    single.networks["discriminator"].eval()
    images = some_images(7)
    parts = single.detector.score_parts(single.model, images)
    torch.testing.assert_close(parts["probability"], 1 - _real(single, images))
    torch.testing.assert_close(parts["logit"].sigmoid(), parts["probability"])


def _trainer(digits: TrainingData, epochs: int, **values: Any) -> Trainer:
    lane = Lane(hyperparameters=detectors.resolve(NAME, {**QUICK, **values}), seed=0)
    return Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=epochs)


def test_pretraining_would_move_the_generator_and_the_real_step_have_moments_of_its_own(
    digits: TrainingData,
) -> None:
    trainer = _trainer(digits, 8, discriminator_steps=3)
    before, stages = trainer.weights(0), []
    for epoch in range(2):
        stages.append(trainer.epoch()[0].stage)
        moved = {
            name.split(".")[0]
            for name, weight in trainer.weights(0).items()
            if not torch.equal(weight, before[name])
        }
        assert moved == {"discriminator"} | ({"generator"} if epoch else set())
    assert stages == ["pretraining", "training"]
    moments, steps = trainer.state(0)["moments"], 2 * (120 // 16)
    assert set(moments) == {"discriminator/discriminator", "generator/generator"}
    assert moments["discriminator/discriminator"]["steps"].item() == 2 * steps
    assert moments["generator/generator"]["steps"].item() == 3  # of 7 batches: 3, 6 and the last


def test_other_digits_would_not_lie_beyond_the_fence(digits: TrainingData) -> None:
    # The generator has to come near before there is a fence: at epoch 6 this is 0.78.
    trainer = _trainer(digits, 20, width=8, dispersion_weight=30.0, fake_weight=0.1)
    metrics = [trainer.epoch()[0].metrics for _ in range(20)]
    assert metrics[-1]["auroc"] > 0.95
    made = trainer.fitted(0).generate(3)
    assert made is not None and made.shape == (3, 1, 16, 16)
