"""BDSG's losses and scores against their formulas, and where its boundary comes to lie."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.bdsg.networks import BOUNDARY_IMAGES, coarse, coarse_side
from models.detectors.fit_view import FitView
from models.detectors.stage import Batch, Loss
from models.lanes.lane import Lane
from models.pixels import scaled
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "bdsg"
SMALL: dict[str, Any] = {
    "width": 4,
    "latent": 6,
    "batch_normals": 16,
    "noise": 0.3,
    "tail": 0.2,
    "distance_weight": 0.7,
    "dispersion_weight": 0.9,
}


@pytest.fixture
def single() -> SingleModel:
    """With a flow that is not the identity, at a level that is not 0."""
    single = SingleModel(NAME, SMALL)
    with torch.no_grad():
        for parameter in single.networks["flow"].parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        single.networks["flow"].spread.fill_(1.5)
        single.networks["reference"].level.fill_(-1.2)
    return single


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    draws = {"blur": torch.randn(5, 256), "noise": torch.randn(5, 6)}
    return Batch(images=some_images(5), normal_count=5, draws=draws)


def _loss(single: SingleModel, batch: Batch, stage: int) -> Loss:
    (phase,) = single.detector.stages()[stage].phases
    return phase.loss(single.model, batch, {})


@pytest.mark.parametrize(
    ("channels", "size", "side"),
    [(1, 16, 16), (1, 32, 16), (1, 256, 16), (3, 16, 8), (3, 64, 8), (3, 256, 8)],
)
def test_the_flow_would_see_more_than_256_numbers_or_not_averages(
    channels: int, size: int, side: int
) -> None:
    assert coarse_side(channels, size) == side
    images = some_images(2, channels, size)
    seen = coarse(images)
    assert seen.shape == (2, channels * side * side)
    step = size // side
    last = images[:, -1, -step:, -step:].mean((1, 2))
    torch.testing.assert_close(seen[:, -1], last)


def test_the_density_would_not_be_learned_by_likelihood_with_noise(
    single: SingleModel, batch: Batch
) -> None:
    seen = batch.images.flatten(1) + 0.3 * batch.draws["blur"]
    expected = -sum(single.networks["flow"](seen)) / 5 / 256
    torch.testing.assert_close(_loss(single, batch, 0).total, expected)


def test_the_flow_would_not_begin_standardised(single: SingleModel) -> None:
    begin = single.detector.stages()[0].begin
    assert begin is not None
    pixels = torch.randint(0, 256, (300, 1, 16, 16), dtype=torch.uint8)
    begun = begin(single.model, FitView(pixels))
    seen = scaled(pixels).flatten(1).double()
    torch.testing.assert_close(begun["flow.centre"].double(), seen.mean(0))
    spread = (seen.std(0, correction=0) ** 2 + 0.3**2).sqrt()
    torch.testing.assert_close(begun["flow.spread"].double(), spread)


def test_the_boundary_would_not_lie_at_the_tail_of_the_normals(single: SingleModel) -> None:
    begin = single.detector.stages()[1].begin
    assert begin is not None
    pixels = torch.randint(0, 256, (301, 1, 16, 16), dtype=torch.uint8)
    level = begin(single.model, FitView(pixels))["reference.level"]
    densities = single.networks["flow"](scaled(pixels).flatten(1)) / 256
    assert (densities < level).sum() == 60  # a fifth of 301
    assert level.shape == ()


def test_boundary_images_would_not_be_unlikely_near_and_spread(
    single: SingleModel, batch: Batch
) -> None:
    loss = _loss(single, batch, 1)
    noise = batch.draws["noise"]
    made = single.networks["boundary"](noise)
    densities = single.networks["flow"](made.flatten(1)) / 256
    likelihood = (1 + (densities + 1.2).exp()).log().mean()
    distance = torch.stack(
        [min((one - normal).norm() for normal in batch.images) for one in made]
    ).mean()
    ratios = [
        (noise[i] - noise[j]).norm() / (made[i] - made[j]).norm()
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    dispersion = sum(ratios) / 20
    for name, expected in {
        "likelihood": likelihood,
        "distance": distance,
        "dispersion": dispersion,
    }.items():
        torch.testing.assert_close(loss.terms[name], expected, rtol=1e-4, atol=1e-4)
    total = likelihood + 0.7 * distance + 0.9 * dispersion
    torch.testing.assert_close(loss.total, total, rtol=1e-4, atol=1e-4)


def test_the_push_from_the_normals_would_not_fade_below_the_level(
    single: SingleModel, batch: Batch
) -> None:
    made = single.networks["boundary"](batch.draws["noise"])
    lowest = (single.networks["flow"](made.flatten(1)) / 256).min().item()
    slopes = []
    for level in (lowest - 20, lowest + 20):
        single.networks["reference"].level.fill_(level)
        loss = _loss(single, batch, 1)
        weight = single.networks["boundary"].last.weight
        slopes.append(torch.autograd.grad(loss.terms["likelihood"], weight)[0].norm().item())
    above, below = slopes
    assert below < 1e-3 * above


def test_scores_would_not_be_improbability_and_distance_to_the_boundary(
    single: SingleModel,
) -> None:
    for network in single.networks.values():
        network.eval()
    pixels = torch.randint(0, 256, (9, 1, 16, 16), dtype=torch.uint8)
    single.model.fitted = single.detector.fit(single.model, FitView(pixels))
    images = some_images(4)
    parts = single.detector.score_parts(single.model, images)
    boundary = single.networks["boundary"](single.networks["reference"].latents)
    assert len(boundary) == BOUNDARY_IMAGES
    densities = single.networks["flow"](images.flatten(1)) / 256
    torch.testing.assert_close(parts["density"], -densities)
    away = [min((one - b).square().mean().sqrt() for b in boundary) for one in images]
    torch.testing.assert_close(parts["boundary_distance"], torch.stack(away), rtol=1e-4, atol=1e-4)


def _density(trainer: Trainer, images: Tensor) -> Tensor:
    return -trainer.fitted(0).score_parts(images)["density"]


def test_other_digits_would_be_as_probable_or_the_boundary_lie_elsewhere(
    digits: TrainingData,
) -> None:
    values = {"width": 4, "latent": 6, "batch_normals": 16, "boundary_lr": 5e-3}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=20)
    results = [trainer.epoch()[0] for _ in range(20)]
    assert [result.stage for result in results] == 12 * ["density"] + 8 * ["boundary"]
    assert results[11].metrics["auroc"] > 0.95 and results[-1].metrics["auroc"] > 0.95
    made = trainer.fitted(0).generate(50)
    assert made is not None
    pixels = ((made + 1) * 127.5).round().to(torch.uint8)
    normals = _density(trainer, digits.fit.images[~digits.fit.anomalous])
    assert _density(trainer, pixels).median() < normals.median()
    learned = [result.losses["improbability"] for result in results[:12]]
    assert learned[-1] < learned[0] - 0.05
