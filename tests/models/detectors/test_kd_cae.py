import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity
from torch import nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.fit_view import FitView
from models.detectors.kd_cae.hyperparameters import BANDWIDTHS, DENSITIES, EITHERS, QUANTILES
from models.detectors.model import Tensors
from models.detectors.stage import Adadelta, Adam, Batch
from models.lanes.lane import Lane
from models.losses.similarity import ssim
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "kd-cae"
SMALL: dict[str, Any] = {"width": 4}


def _codes_and_remade(single: SingleModel, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    codes = single.networks["encoder"]((images + 1) / 2)
    return codes.flatten(1), 2 * single.networks["decoder"](codes) - 1


def _pixels(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 1, 16, 16), dtype=torch.uint8, generator=generator)


@pytest.fixture
def scored() -> tuple[SingleModel, torch.Tensor, torch.Tensor, Tensors]:
    """A fitted model, its 40 fit images and 9 others as floats, and the others' score parts."""
    single, pixels = SingleModel(NAME, SMALL), _pixels(40)
    with torch.no_grad():
        single.model.fitted = single.detector.fit(single.model, FitView(pixels))
        others = some_images(9)
        parts = single.detector.score_parts(single.model, others)
    return single, pixels / 127.5 - 1, others, parts


def test_the_networks_would_not_have_the_published_number_of_parameters() -> None:
    networks = SingleModel(NAME, {}, channels=3, size=128).networks
    counts = [p.numel() for network in networks.values() for p in network.parameters()]
    assert sum(counts) == 333_955
    assert networks["encoder"](torch.zeros(1, 3, 128, 128)).shape == (1, 128, 8, 8)


@pytest.mark.parametrize(("size", "side"), [(16, 4), (32, 8), (64, 8), (256, 8)])
def test_codes_would_have_another_size(size: int, side: int) -> None:
    networks = SingleModel(NAME, {"width": 2}, size=size).networks
    images = torch.zeros(2, 1, size, size)
    codes = networks["encoder"](images)
    assert codes.shape == (2, 8, side, side)
    assert networks["decoder"](codes).shape == images.shape


@pytest.mark.parametrize("loss", ["mse", "l1", "ssim"])
def test_training_would_minimise_another_error(loss: str) -> None:
    single, images = SingleModel(NAME, {**SMALL, "loss": loss}), some_images(6)
    (phase,) = single.detector.stages()[0].phases
    assert phase.trains == ("encoder", "decoder")
    found = phase.loss(single.model, Batch(images=images, normal_count=6), {})
    shown, remade = (images + 1) / 2, (_codes_and_remade(single, images)[1] + 1) / 2
    expected = {
        "mse": nn.functional.mse_loss(remade, shown),
        "l1": nn.functional.l1_loss(remade, shown),
        "ssim": 1 - ssim(shown, remade).mean(),
    }
    torch.testing.assert_close(found.total, expected[loss])


def test_an_optimizer_would_take_the_steps_of_the_other() -> None:
    (adadelta,) = SingleModel(NAME, SMALL).detector.stages()[0].phases
    assert adadelta.optimizer == Adadelta(learning_rate="learning_rate", rho=0.95)
    (adam,) = SingleModel(NAME, {**SMALL, "optimizer": "adam"}).detector.stages()[0].phases
    assert adam.optimizer == Adam(learning_rate="adam_learning_rate")


def test_densities_would_not_be_those_of_the_fit_codes(
    scored: tuple[SingleModel, torch.Tensor, torch.Tensor, Tensors],
) -> None:
    single, known, others, parts = scored
    codes, new = (_codes_and_remade(single, each)[0].detach().double() for each in (known, others))
    assert codes.shape == (40, 256)
    for name, bandwidth in zip(DENSITIES, BANDWIDTHS, strict=True):
        exponents = -torch.cdist(new, codes).square() / (2 * bandwidth**2)
        constant = 256 * math.log(bandwidth * math.sqrt(2 * math.pi))
        log_density = torch.logsumexp(exponents, 1) - math.log(40) - constant
        expected = -2 * bandwidth**2 * (log_density + constant)
        torch.testing.assert_close(parts[name], expected, rtol=1e-4, atol=1e-6)
    oracle = KernelDensity(bandwidth=1.0).fit(codes.numpy()).score_samples(new.numpy())
    assert np.array_equal(np.argsort(oracle), np.argsort(-parts["density_1"].numpy()))


def test_the_decision_would_not_be_error_or_density_beyond_its_level(
    scored: tuple[SingleModel, torch.Tensor, torch.Tensor, Tensors],
) -> None:
    single, known, others, parts = scored
    codes, remade = (each.detach() for each in _codes_and_remade(single, known))
    errors = (known - remade).square().flatten(1).mean(1).double().numpy()
    squared = torch.cdist(codes.double(), codes.double()).square()
    distances = []
    for row in range(40):  # each without its own code
        rest = np.delete(squared[row].numpy(), row)
        distances.append(-0.08 * np.log(np.exp(-rest / 0.08).mean()))
    error = (others - _codes_and_remade(single, others)[1]).square().flatten(1).mean(1)
    for name, share in zip(EITHERS, QUANTILES, strict=True):
        by_error = error.detach().double() / np.quantile(errors, share)
        by_density = parts["density_0_2"] / np.quantile(distances, share)
        assert (by_error > by_density).any() or (by_error < by_density).any()
        torch.testing.assert_close(
            parts[name], torch.maximum(by_error, by_density), rtol=1e-4, atol=0
        )


def test_codes_would_be_kept_of_the_first_images_alone() -> None:
    single, pixels = SingleModel(NAME, {**SMALL, "kde_images": 10}), _pixels(40)
    with torch.no_grad():
        fitted = single.detector.fit(single.model, FitView(pixels))
    codes, _ = _codes_and_remade(single, pixels[::4] / 127.5 - 1)
    torch.testing.assert_close(fitted["codes"], codes)


def test_a_double_pass_would_be_a_single_one_or_change_the_code() -> None:
    single, images = SingleModel(NAME, {**SMALL, "passes": "double"}), some_images(5)
    once = _codes_and_remade(single, images)[1]
    twice = _codes_and_remade(single, once)[1]
    assert not torch.allclose(once, twice, atol=1e-5)
    torch.testing.assert_close(single.detector.reconstruct(single.model, images), twice)
    with torch.no_grad():
        single.model.fitted = single.detector.fit(single.model, FitView(_pixels(8)))
        parts = single.detector.score_parts(single.model, images)
    torch.testing.assert_close(
        parts["squared_error"], (images - twice).square().flatten(1).mean(1).detach()
    )
    plain = SingleModel(NAME, SMALL)
    plain.model.fitted = single.model.fitted
    other = plain.detector.score_parts(plain.model, images)["density_0_2"]
    torch.testing.assert_close(parts["density_0_2"], other.detach())


@pytest.mark.parametrize("optimizer", ["adadelta", "adam"])
def test_digits_would_not_be_told_apart(digits: TrainingData, optimizer: str) -> None:
    values = detectors.resolve(NAME, {"width": 8, "optimizer": optimizer})
    lane = Lane(hyperparameters=values, seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=3)
    for _ in range(3):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] > 0.95
    assert result.metrics["auroc/density"] > 0.95
    assert result.metrics["auroc/squared_error"] > 0.85
