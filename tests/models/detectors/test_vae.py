"""The variational autoencoder's bound against torch's own distributions, and what scores it."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch, Loss
from models.detectors.vae.losses import divergence, unlikelihood
from models.lanes.draws import drawn
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "vae"
SMALL: dict[str, Any] = {"width": 4, "latent": 6, "beta": 3.0, "samples": 5}
PIXELS = 16 * 16


def _loss(single: SingleModel, images: Tensor, noise: Tensor) -> Loss:
    (stage,) = single.detector.stages()
    (phase,) = stage.phases
    assert phase.trains == ("encoder", "decoder")
    batch = Batch(images=images, normal_count=len(images), draws={"noise": noise})
    return phase.loss(single.model, batch, {})


def _posterior(single: SingleModel, images: Tensor) -> Normal:
    codes = single.networks["encoder"](images)
    return Normal(codes[:, :6], (0.5 * codes[:, 6:]).exp())


def _misses(kind: str, images: Tensor, remade: Tensor) -> Tensor:
    """The sum over pixels from 0 to 1 of each image [N]."""
    seen, likely = (images + 1) / 2, (remade + 1) / 2
    if kind == "mse":
        return (seen - likely).square().sum((1, 2, 3))
    return F.binary_cross_entropy(likely, seen, reduction="none").sum((1, 2, 3))


@pytest.mark.parametrize("kind", ["mse", "bce"])
def test_the_loss_would_not_be_the_bound_of_a_sampled_vector(kind: str) -> None:
    single, images = SingleModel(NAME, {**SMALL, "likelihood": kind}), some_images(7)
    noise = torch.randn(7, 6)
    loss = _loss(single, images, noise)
    posterior = _posterior(single, images)
    remade = single.networks["decoder"](posterior.mean + posterior.stddev * noise)
    misses = _misses(kind, images, remade).mean()
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(loss.terms["reconstruction"], misses / PIXELS)
    torch.testing.assert_close(loss.terms["kl"], kl / PIXELS)
    torch.testing.assert_close(loss.total, (misses + 3 * kl) / PIXELS)


def test_a_step_would_draw_another_number_of_vectors_than_images() -> None:
    (stage,) = SingleModel(NAME, SMALL).detector.stages()
    (draw,) = stage.draws
    assert (draw.kind, draw.shape) == ("normal", (6,))


@pytest.mark.parametrize("kind", ["mse", "bce"])
def test_the_score_would_not_be_the_bound_over_the_samples(kind: str) -> None:
    single, images = SingleModel(NAME, {**SMALL, "likelihood": kind}), some_images(4)
    for network in single.networks.values():
        network.eval()
    with torch.no_grad():
        parts = single.detector.score_parts(single.model, images)
        posterior = _posterior(single, images)
        misses = torch.zeros(4)
        vectors = dict(single.networks["noise"].named_buffers())["vectors"]
        assert vectors.shape == (5, 6)
        for vector in vectors:
            remade = single.networks["decoder"](posterior.mean + posterior.stddev * vector)
            misses += _misses(kind, images, remade) / 5
        kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
        middle = single.networks["decoder"](posterior.mean)
        remade = single.detector.reconstruct(single.model, images)
    torch.testing.assert_close(parts["kl"], kl / PIXELS)
    torch.testing.assert_close(parts["elbo"], (misses + 3 * kl) / PIXELS)
    torch.testing.assert_close(remade, middle)
    torch.testing.assert_close(parts["error"], (images - middle).abs().mean((1, 2, 3)))


def test_the_divergence_would_not_be_0_of_the_prior_or_differ_from_torchs() -> None:
    assert not divergence(torch.zeros(2, 3), torch.zeros(2, 3)).any()
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)


def test_squared_errors_would_not_be_the_likelihood_that_they_are_said_to_be() -> None:
    images, remade = some_images(5), some_images(5, seed=1)
    seen, likely = (images + 1) / 2, (remade + 1) / 2
    density = torch.exp(-(seen - likely).square() / (2 * 0.5)) / math.sqrt(2 * math.pi * 0.5)
    constant = 0.5 * math.log(math.pi)
    expected = -density.log().mean((1, 2, 3)) - constant
    torch.testing.assert_close(unlikelihood("mse", images, remade), expected, rtol=1e-4, atol=1e-5)


def test_a_reconstruction_of_pure_black_and_white_would_be_infinitely_unlikely() -> None:
    images = torch.ones(1, 1, 16, 16)
    assert unlikelihood("bce", images, images).item() == pytest.approx(0, abs=1e-5)
    assert 10 < unlikelihood("bce", images, -images).item() < 100


def test_an_encoder_that_runs_away_would_end_in_infinities() -> None:
    single = SingleModel(NAME, SMALL)
    with torch.no_grad():
        single.networks["encoder"].get_parameter("last.weight").mul_(1e6)
    loss = _loss(single, some_images(7), torch.randn(7, 6))
    assert loss.total.isfinite()


def test_its_generator_would_not_make_images_of_the_prior() -> None:
    single = SingleModel(NAME, SMALL, channels=3, size=32)
    prior = single.detector.prior
    assert prior is not None
    noise = drawn(prior, 3, torch.Generator().manual_seed(0))
    made = single.detector.generate(single.model, noise)
    assert made is not None and made.shape == (3, 3, 32, 32)
    torch.testing.assert_close(made, single.networks["decoder"](noise))


def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData) -> None:
    values = detectors.resolve(NAME, {"width": 8, "latent": 8, "batch_normals": 16, "samples": 4})
    lane = Lane(hyperparameters=values, seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=8)
    results = [trainer.epoch()[0] for _ in range(8)]
    assert results[-1].metrics["auroc"] == results[-1].metrics["auroc/elbo"] > 0.98
    assert results[-1].losses["reconstruction"] < 0.5 * results[0].losses["reconstruction"]
