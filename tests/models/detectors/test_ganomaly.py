"""GANomaly's networks against the published counts, its losses and score against the formulas."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Detector
from models.lanes.lane import Lane
from models.losses import adversarial
from models.trainer import Trainer
from tests.models.detectors.single_model import (
    SingleModel,
    normals,
    parameter_count,
    phase_losses,
    some_images,
)

NAME = "ganomaly"
SMALL: dict[str, Any] = {"width": 4, "latent": 6}
GENERATOR = ("encoder", "decoder", "second_encoder")


def _detector(values: dict[str, Any], channels: int, size: int) -> Detector:
    return detectors.make(NAME, detectors.resolve(NAME, values), channels, size)


@pytest.mark.parametrize(
    ("channels", "size", "generator", "discriminator"),
    [
        (1, 32, 3_200_384, 661_248),
        (1, 64, 10_723_712, 2_763_520),
        (3, 128, 23_315_840, 6_960_896),
        (3, 256, 35_901_824, 11_156_224),
    ],
)
def test_networks_would_not_have_the_published_number_of_parameters(
    channels: int, size: int, generator: int, discriminator: int
) -> None:
    with torch.device("meta"):
        networks = _detector({"initialisation": "fan-in"}, channels, size).networks()
    assert sum(parameter_count(networks[name]) for name in GENERATOR) == generator
    assert parameter_count(networks["discriminator"]) == discriminator


@pytest.mark.parametrize("extra", [1, 3])
def test_extra_layers_would_be_missing_from_a_network(extra: int) -> None:
    plain = _detector(SMALL, 1, 32).networks()
    more = _detector({**SMALL, "extra_layers": extra}, 1, 32).networks()
    for name in (*GENERATOR, "discriminator"):
        assert parameter_count(more[name]) - parameter_count(plain[name]) == extra * (
            9 * 4 * 4 + 2 * 4
        )
    images = torch.zeros(2, 1, 32, 32)
    assert more["decoder"](more["encoder"](images)).shape == images.shape


def test_extra_layers_would_not_be_used() -> None:
    networks = _detector({**SMALL, "extra_layers": 2}, 1, 16).networks()
    images = some_images(3)
    outputs = [
        networks["decoder"](networks["encoder"](images)).sum(),
        networks["second_encoder"](images).sum(),
        networks["discriminator"](images)[1].sum(),
    ]
    for network in networks.values():
        used = [tensor for name, tensor in network.named_parameters() if "extra" in name]
        assert len(used) == 2 * 3
        gradients = torch.autograd.grad(sum(outputs), used, retain_graph=True)  # type: ignore[arg-type]
        assert all(gradient.any() for gradient in gradients)


def test_dcgan_initialisation_would_not_take_effect() -> None:
    torch.manual_seed(0)
    for network in _detector({"width": 16}, 1, 32).networks().values():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                # 4 standard errors of a standard deviation
                slack = 4 / math.sqrt(2 * module.weight.numel())
                assert module.weight.std().item() == pytest.approx(0.02, rel=slack)
            if isinstance(module, nn.BatchNorm2d):
                assert module.weight.mean().item() == pytest.approx(1.0, abs=0.03)


def test_the_generators_loss_would_not_be_the_papers() -> None:
    weights = {"adversarial_weight": 2.0, "contextual_weight": 30.0, "encoder_weight": 5.0}
    single = SingleModel(NAME, {**SMALL, **weights, "initialisation": "fan-in"})
    images = some_images(5)
    shared, losses = phase_losses(single, normals(images))

    latent = single.networks["encoder"](images)
    remade = single.networks["decoder"](latent)
    again = single.networks["second_encoder"](remade)
    features, _ = single.networks["discriminator"](images)
    remade_features, _ = single.networks["discriminator"](remade)
    made = (latent, again, images, remade, features, remade_features)
    z, z_hat, x, x_hat, f, f_hat = (tensor.detach().double().numpy() for tensor in made)
    expected = {
        "adversarial": np.mean((f - f_hat) ** 2),
        "contextual": np.mean(np.abs(x - x_hat)),
        "encoder": np.mean((z - z_hat) ** 2),
    }
    terms = {name: term.item() for name, term in losses["generator"].terms.items()}
    assert terms == pytest.approx(expected, rel=1e-4)
    total = 2 * terms["adversarial"] + 30 * terms["contextual"] + 5 * terms["encoder"]
    assert losses["generator"].total.item() == pytest.approx(total, rel=1e-5)
    torch.testing.assert_close(shared["remade"], remade)


def test_the_discriminator_would_take_reconstructions_for_real() -> None:
    single = SingleModel(NAME, {**SMALL, "initialisation": "fan-in"})
    images = some_images(5)
    _, losses = phase_losses(single, normals(images))
    with torch.no_grad():
        remade = single.networks["decoder"](single.networks["encoder"](images))
        real = single.networks["discriminator"](images)[1].double().sigmoid().numpy()
        fake = single.networks["discriminator"](remade)[1].double().sigmoid().numpy()
    expected = 0.5 * (-np.log(real).mean() - np.log(1 - fake).mean())
    swapped = 0.5 * (-np.log(fake).mean() - np.log(1 - real).mean())
    assert losses["discriminator"].total.item() == pytest.approx(float(expected), rel=1e-4)
    assert abs(expected - swapped) > 1e-3


def test_a_phase_would_train_a_network_of_the_other() -> None:
    single = SingleModel(NAME, SMALL)
    (stage,) = single.detector.stages()
    generator, discriminator = stage.phases  # in this order, as in the released code
    assert (generator.trains, discriminator.trains) == (GENERATOR, ("discriminator",))
    _, losses = phase_losses(single, normals(some_images(5)))
    for name in GENERATOR:
        parameters = list(single.networks[name].parameters())
        gradients = torch.autograd.grad(
            losses["discriminator"].total, parameters, retain_graph=True, allow_unused=True
        )
        assert all(gradient is None for gradient in gradients)


def test_the_generator_would_not_wait_for_the_discriminators_steps() -> None:
    single = SingleModel(NAME, {**SMALL, "discriminator_steps": 3})
    (stage,) = single.detector.stages()
    assert [phase.every for phase in stage.phases] == [3, 1]


def test_scores_would_not_be_the_distances_of_codes_and_features() -> None:
    single = SingleModel(NAME, {**SMALL, "initialisation": "fan-in"})
    images = some_images(5)
    networks = {name: network.eval() for name, network in single.networks.items()}
    with torch.no_grad():
        parts = single.detector.score_parts(single.model, images)
        latent = networks["encoder"](images)
        remade = networks["decoder"](latent)
        codes = (latent - networks["second_encoder"](remade)).numpy()
        seen, seen_again = networks["discriminator"](images), networks["discriminator"](remade)
        reconstruction = single.detector.reconstruct(single.model, images)
    for row in range(5):
        features = (seen[0][row] - seen_again[0][row]).numpy()
        assert parts["latent"][row].item() == pytest.approx((codes[row] ** 2).mean(), rel=1e-4)
        assert parts["feature"][row].item() == pytest.approx((features**2).mean(), rel=1e-4)
        error = (images[row] - remade[row]).abs().mean().item()
        assert parts["error"][row].item() == pytest.approx(error, rel=1e-4)
    assert reconstruction is not None
    torch.testing.assert_close(reconstruction, remade)


def test_an_adversarial_loss_would_be_offered_that_there_is_not() -> None:
    offered = {h.name: h.choices for h in detectors.hyperparameters(NAME)}["adversarial"]
    assert offered == adversarial.NAMES


def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData) -> None:
    values = {
        "width": 8,
        "latent": 16,
        "batch_normals": 16,
        "learning_rate": 2e-3,
        "initialisation": "fan-in",
    }
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=10)
    results = [trainer.epoch()[0] for _ in range(10)]
    assert results[-1].metrics["auroc"] > 0.95
