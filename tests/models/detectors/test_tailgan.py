"""TailGAN's losses against their formulas; the boundary's own are BDSG's."""

from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.detectors.fit_view import FitView
from models.detectors.stage import Batch, Loss
from models.lanes.lane import Lane
from models.pixels import scaled
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "tailgan"
SMALL: dict[str, Any] = {
    "width": 4,
    "latent": 6,
    "batch_normals": 16,
    "penalty_weight": 3.0,
    "entropy_weight": 0.7,
    "tail": 0.2,
}


@pytest.fixture
def single() -> SingleModel:
    return SingleModel(NAME, SMALL)


@pytest.fixture
def batch() -> Batch:
    noise = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    return Batch(images=some_images(5), normal_count=5, draws={"noise": noise})


def _loss(single: SingleModel, batch: Batch, phase: int) -> Loss:
    density = single.detector.stages()[0]
    assert density.forward is not None
    return density.phases[phase].loss(single.model, batch, density.forward(single.model, batch))


def _energy(single: SingleModel, images: torch.Tensor) -> torch.Tensor:
    energy: torch.Tensor = -single.networks["energy"](images)[1]
    return energy


def test_the_energy_would_not_be_low_at_normals_and_high_elsewhere(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, 0)
    made = single.networks["generator"](batch.draws["noise"]).detach()
    contrast = _energy(single, batch.images).mean() - _energy(single, made).mean()
    shown = torch.cat([batch.images, made]).requires_grad_()
    (slopes,) = torch.autograd.grad(_energy(single, shown).sum(), shown)
    penalty = sum(slope.square().sum() for slope in slopes) / 10 / 2
    torch.testing.assert_close(loss.terms["contrast"], contrast)
    torch.testing.assert_close(loss.terms["penalty"], penalty)
    torch.testing.assert_close(loss.total, contrast + 3 * penalty)


def test_the_penalty_would_not_reach_the_energy_s_weights(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, 0)
    weight = single.networks["energy"].first.weight
    (slope,) = torch.autograd.grad(loss.terms["penalty"], weight)
    assert slope.abs().max() > 0


def test_the_generator_would_not_go_where_the_energy_is_low_and_stay_varied(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, 1)
    noise = batch.draws["noise"]
    made = single.networks["generator"](noise)
    energy = _energy(single, made).mean()
    ratios = [
        (noise[i] - noise[j]).norm() / (made[i] - made[j]).norm()
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    entropy = sum(ratios) / 20
    torch.testing.assert_close(loss.terms["generated_energy"], energy)
    torch.testing.assert_close(loss.terms["entropy"], entropy, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(loss.total, energy + 0.7 * entropy, rtol=1e-4, atol=1e-4)


def test_the_boundary_would_not_begin_as_the_generator_at_the_energy_s_tail(
    single: SingleModel,
) -> None:
    begin = single.detector.stages()[1].begin
    assert begin is not None
    pixels = torch.randint(0, 256, (301, 1, 16, 16), dtype=torch.uint8)
    begun = begin(single.model, FitView(pixels))
    assert (_energy(single, scaled(pixels)) > -begun.pop("reference.level")).sum() == 60
    copied = {f"boundary.{k}": v for k, v in single.networks["generator"].state_dict().items()}
    assert begun.keys() == copied.keys()
    assert all(torch.equal(begun[name], copied[name]) for name in copied)


def test_the_density_would_not_be_that_of_the_energy(single: SingleModel, batch: Batch) -> None:
    single.networks["reference"].level.fill_(0.3)
    made = single.networks["boundary"](batch.draws["noise"])
    (phase,) = single.detector.stages()[1].phases
    expected = (1 + (-_energy(single, made) - 0.3).exp()).log().mean()
    loss = phase.loss(single.model, batch, {})
    torch.testing.assert_close(loss.terms["likelihood"], expected)
    density = single.detector.stages()[0].score_parts
    assert density is not None
    parts = density(single.model, batch.images)
    assert parts.keys() == {"density"}
    torch.testing.assert_close(parts["density"], _energy(single, batch.images))


def test_other_digits_would_have_as_low_an_energy(digits: TrainingData) -> None:
    rates = dict.fromkeys(("energy_lr", "generator_lr", "boundary_lr"), 1e-3)
    values = {"width": 8, "latent": 6, "batch_normals": 16, **rates}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=20)
    results = [trainer.epoch()[0] for _ in range(20)]
    assert [result.stage for result in results] == 12 * ["density"] + 8 * ["boundary"]
    assert results[11].metrics["auroc"] > 0.9 and results[-1].metrics["auroc"] > 0.95
    made = trainer.fitted(0).generate(3)
    assert made is not None and made.shape == (3, 1, 16, 16)
