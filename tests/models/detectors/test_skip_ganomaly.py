"""Skip-GANomaly's networks, losses, learning rate and score against the paper's formulas."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Detector
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.losses.maps import smoothed
from models.networks.convolutional import Norm
from models.networks.latent import FeatureCritic
from models.trainer import Trainer
from tests.models.detectors.single_model import (
    SingleModel,
    parameter_count,
    phase_losses,
    some_images,
)

NAME = "skip-ganomaly"
SMALL: dict[str, Any] = {"width": 4, "latent": 6, "initialisation": "fan-in"}


def _detector(values: dict[str, Any], channels: int, size: int) -> Detector:
    return detectors.make(NAME, detectors.resolve(NAME, values), channels, size)


def _batch(images: Tensor) -> Batch:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    return Batch(images=images, normal_count=len(images), draws={"noise": noise})


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (1, 32), (3, 64), (3, 128), (3, 256)])
def test_the_u_net_would_not_go_down_to_one_place(channels: int, size: int) -> None:
    networks = _detector({"width": 2, "latent": 5}, channels, size).networks()
    images = torch.zeros(2, channels, size, size)
    features = networks["encoder"](images)
    assert features[-1].shape == (2, 16, 1, 1)
    assert networks["decoder"](features).shape == images.shape
    vectors, logits = networks["discriminator"](images)
    assert (vectors.shape, logits.shape) == ((2, 5), (2,))


def test_the_networks_at_32_x_32_would_not_have_the_layers_of_the_paper() -> None:
    networks = _detector({}, 3, 32).networks()
    widths = (64, 128, 256, 512, 512)
    down = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 512)
    assert parameter_count(networks["encoder"]) == down + 2 * sum(widths[1:-1])
    up = 16 * (512 * 512 + 1024 * 256 + 512 * 128 + 256 * 64 + 128 * 3)
    assert parameter_count(networks["decoder"]) == up + 2 * (512 + 256 + 128 + 64)
    pyramid = 16 * (3 * 64 + 64 * 128 + 128 * 256) + 2 * (128 + 256)
    assert parameter_count(networks["discriminator"]) == pyramid + 16 * 256 * 100 + 100


def test_the_first_and_the_deepest_level_would_have_batch_statistics() -> None:
    encoder = _detector(SMALL, 1, 32).networks()["encoder"]
    normed = [type(norm) for norm in encoder.get_submodule("norms").children()]
    assert len(list(encoder.get_submodule("convs").children())) == 5
    assert normed == [Norm, Norm, Norm, nn.Identity]


def test_the_logit_would_not_be_the_convolution_of_the_released_code() -> None:
    critic = FeatureCritic(1, 4, 16, 6)
    vectors, logits = critic(some_images(3))
    wide = torch.randn(1, 6, 3, 3)
    wide[:, :, 1, 1] = critic.verdict.weight[:, :, 0, 0]
    theirs = F.conv2d(vectors[:, :, None, None], wide, padding=1).flatten()
    torch.testing.assert_close(logits, theirs)


def test_the_generators_loss_would_not_be_the_papers() -> None:
    weights = {"adversarial_weight": 2.0, "contextual_weight": 30.0, "latent_weight": 5.0}
    single = SingleModel(NAME, {**SMALL, **weights})
    images = some_images(5)
    made, losses = phase_losses(single, _batch(images))
    remade = made["remade"]
    torch.testing.assert_close(
        remade, single.networks["decoder"](single.networks["encoder"](images))
    )
    with torch.no_grad():
        features, _ = single.networks["discriminator"](images)
        remade_features, logits = single.networks["discriminator"](remade)
        expected = {
            "adversarial": -np.log(logits.double().sigmoid().numpy()).mean(),
            "contextual": (images - remade).abs().mean().item(),
            "latent": ((features - remade_features).numpy() ** 2).mean(),
        }
    terms = {name: term.item() for name, term in losses["generator"].terms.items()}
    assert terms == pytest.approx(expected, rel=1e-4)
    total = 2 * terms["adversarial"] + 30 * terms["contextual"] + 5 * terms["latent"]
    assert losses["generator"].total.item() == pytest.approx(total, rel=1e-5)


def test_the_discriminator_would_take_reconstructions_for_real() -> None:
    single = SingleModel(NAME, {**SMALL, "latent_weight": 5.0})
    images = some_images(5)
    made, losses = phase_losses(single, _batch(images))
    remade = made["remade"]
    with torch.no_grad():
        features, real_logits = single.networks["discriminator"](images)
        remade_features, fake_logits = single.networks["discriminator"](remade)
    real, fake = (logits.double().sigmoid().numpy() for logits in (real_logits, fake_logits))
    verdicts = -np.log(real).mean() - np.log(1 - fake).mean()
    swapped = -np.log(fake).mean() - np.log(1 - real).mean()
    latent = ((features - remade_features).numpy() ** 2).mean()
    loss = losses["discriminator"]
    assert loss.terms["discriminator"].item() == pytest.approx(float(verdicts), rel=1e-4)
    assert loss.total.item() == pytest.approx(float(verdicts + 5 * latent), rel=1e-4)
    assert abs(verdicts - swapped) > 1e-3


def test_the_discriminators_loss_would_reach_the_generator() -> None:
    single = SingleModel(NAME, SMALL)
    (stage,) = single.detector.stages()
    generator, discriminator = stage.phases  # in this order, as in the released code
    assert generator.trains == ("encoder", "decoder")
    assert discriminator.trains == ("discriminator",)
    _, losses = phase_losses(single, _batch(some_images(5)))
    parameters = [p for name in generator.trains for p in single.networks[name].parameters()]
    gradients = torch.autograd.grad(losses["discriminator"].total, parameters, allow_unused=True)
    assert all(gradient is None for gradient in gradients)


def test_noise_would_be_on_more_than_what_the_generator_sees() -> None:
    single = SingleModel(NAME, {**SMALL, "noise": 0.5})
    batch = _batch(some_images(5))
    made, losses = phase_losses(single, batch)
    remade = made["remade"]
    noisy = batch.images + 0.5 * batch.draws["noise"]
    expected = single.networks["decoder"](single.networks["encoder"](noisy))
    torch.testing.assert_close(remade, expected)
    contextual = (batch.images - expected).abs().mean()
    torch.testing.assert_close(losses["generator"].terms["contextual"], contextual)


@pytest.mark.parametrize(
    ("decay_from", "done", "factor"),
    [(0.5, 0.4, 1.0), (0.5, 0.75, 0.5), (0.0, 0.25, 0.75), (1.0, 0.99, 1.0)],
)
def test_learning_rates_would_not_fall_on_a_line(
    decay_from: float, done: float, factor: float
) -> None:
    single = SingleModel(NAME, {**SMALL, "decay_from": decay_from})
    for phase in single.detector.stages()[0].phases:
        assert phase.optimizer.schedule is not None
        assert phase.optimizer.schedule(done) == pytest.approx(factor)


def test_scores_and_maps_would_not_be_squared_distances() -> None:
    single = SingleModel(NAME, SMALL, channels=3)
    images = some_images(4, channels=3)
    networks = {name: network.eval() for name, network in single.networks.items()}
    with torch.no_grad():
        parts = single.detector.score_parts(single.model, images)
        maps = single.detector.anomaly_map(single.model, images)
        remade = networks["decoder"](networks["encoder"](images))
        features = networks["discriminator"](images)[0] - networks["discriminator"](remade)[0]
    squares = (images - remade) ** 2
    torch.testing.assert_close(parts["squared_error"], squares.mean((1, 2, 3)))
    torch.testing.assert_close(parts["feature"], (features**2).mean(1))
    assert maps is not None
    torch.testing.assert_close(maps, smoothed(squares[:, 0] + squares[:, 1] + squares[:, 2]))


@pytest.mark.parametrize("name", ["skip-ganomaly", "ocr-gan"])
def test_the_published_score_would_have_other_shares(name: str) -> None:
    scores = detectors.scores(name)
    assert scores["published"] == ({"squared_error": 0.9, "feature": 0.1},)
    assert {"squared_error": 1.0, "feature": 0.0} in scores["tuned"]
    assert {"squared_error": 0.0, "feature": 1.0} in scores["tuned"]


def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData) -> None:
    values = {
        "width": 8,
        "latent": 16,
        "batch_normals": 16,
        "learning_rate": 2e-3,
        "latent_weight": 20.0,
    }
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=12)
    results = [trainer.epoch()[0] for _ in range(12)]
    assert results[-1].metrics["auroc"] > 0.95
