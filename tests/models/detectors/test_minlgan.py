"""MinLGAN's losses and score against their formulas, computed an image at a time."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.fit_view import FitView
from models.detectors.model import Tensors
from models.detectors.stage import Batch, Loss
from models.lanes.lane import Lane
from models.pixels import scaled
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "minlgan"
SMALL: dict[str, Any] = {
    "width": 4,
    "latent": 6,
    "batch_normals": 16,
    "likelihood_weight": 0.7,
    "bandwidth": 0.3,
}


@pytest.fixture
def single() -> SingleModel:
    return SingleModel(NAME, SMALL)


@pytest.fixture
def batch() -> Batch:
    noise = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    return Batch(images=some_images(5), normal_count=5, draws={"noise": noise})


def _shared(single: SingleModel, batch: Batch) -> Tensors:
    forward = single.detector.stages()[0].forward
    assert forward is not None
    return forward(single.model, batch)


def _losses(single: SingleModel, batch: Batch) -> tuple[Loss, Loss]:
    judging, generating = single.detector.stages()[0].phases
    shared = _shared(single, batch)
    return judging.loss(single.model, batch, shared), generating.loss(single.model, batch, shared)


def _features(single: SingleModel, images: Tensor) -> Tensor:
    features = single.networks["discriminator"](images)[0].flatten(1)
    return features / features.norm(dim=1, keepdim=True)


def _log_density(features: Tensor, known: Tensor) -> Tensor:
    """Without the constant that depends on the bandwidth and the dimensions alone [N]."""
    rows = [
        sum((-(one - each).square().sum() / (2 * 0.3**2)).exp() for each in known) / len(known)
        for one in features
    ]
    return torch.stack(rows).log()  # type: ignore[arg-type]


def test_the_discriminator_would_not_call_normals_real_and_others_fake(
    single: SingleModel, batch: Batch
) -> None:
    loss, _ = _losses(single, batch)
    real, fake = (
        single.networks["discriminator"](images)[1].sigmoid()
        for images in (batch.images, _shared(single, batch)["generated"])
    )
    torch.testing.assert_close(loss.total, -real.log().mean() - (1 - fake).log().mean())


def test_the_generator_would_not_pass_for_real_where_it_is_unlikely(
    single: SingleModel, batch: Batch
) -> None:
    _, loss = _losses(single, batch)
    made = _shared(single, batch)["generated"]
    adversarial = -single.networks["discriminator"](made)[1].sigmoid().log().mean()
    likelihood = _log_density(_features(single, made), _features(single, batch.images)).mean()
    torch.testing.assert_close(loss.terms["adversarial"], adversarial)
    torch.testing.assert_close(loss.terms["likelihood"], likelihood, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss.total, adversarial + 0.7 * likelihood, rtol=1e-4, atol=1e-5)


def test_the_generator_would_be_drawn_to_the_normals(single: SingleModel, batch: Batch) -> None:
    normals = Batch(images=batch.images, normal_count=5, draws={})
    among, away = (
        single.detector.stages()[0].phases[1].loss(single.model, normals, {"generated": images})
        for images in (batch.images, -torch.ones(5, 1, 16, 16))
    )
    assert away.terms["likelihood"] < among.terms["likelihood"]


def test_the_discriminator_would_learn_through_the_generator(
    single: SingleModel, batch: Batch
) -> None:
    loss, _ = _losses(single, batch)
    weights = list(single.networks["generator"].parameters())
    assert all(
        gradient is None for gradient in torch.autograd.grad(loss.total, weights, allow_unused=True)
    )


def test_scores_would_not_be_the_logit_and_the_density_among_fit_normals(
    single: SingleModel,
) -> None:
    single.networks["discriminator"].eval()
    pixels = torch.randint(0, 256, (9, 1, 16, 16), dtype=torch.uint8)
    fitted = single.detector.fit(single.model, FitView(pixels))
    known = _features(single, scaled(pixels))
    torch.testing.assert_close(fitted["known"], known)
    single.model.fitted = fitted
    images = some_images(4)
    parts = single.detector.score_parts(single.model, images)
    torch.testing.assert_close(parts["logit"], -single.networks["discriminator"](images)[1])
    expected = -_log_density(_features(single, images), known)
    torch.testing.assert_close(parts["density"], expected, rtol=1e-4, atol=1e-5)


def test_other_digits_would_pass_for_zeros(digits: TrainingData) -> None:
    values = {**SMALL, "width": 8, "likelihood_weight": 0.1, "bandwidth": 0.2}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=12)
    metrics = [trainer.epoch()[0].metrics for _ in range(12)]
    assert metrics[-1]["auroc"] > 0.95
    made = trainer.fitted(0).generate(3)
    assert made is not None and made.shape == (3, 1, 16, 16)
