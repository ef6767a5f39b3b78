"""Deep SVDD's networks, centre and losses against the paper's formulas, and what they reach."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.deep_svdd.losses import quantile, soft_boundary
from models.detectors.deep_svdd.networks import (
    Hypersphere,
    LeNetDecoder,
    LeNetEncoder,
    centre_of,
    lenet,
)
from models.detectors.fit_view import FitView
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, parameter_count, some_images

NAME = "deep-svdd"
SMALL: dict[str, Any] = {"width": 4, "latent": 6}
LENETS = ("fashion-mnist", "cifar-10")


def test_encoders_would_not_be_the_released_ones() -> None:
    fashion = LeNetEncoder(1, 32, lenet("fashion-mnist", 16, 32), 64)
    assert parameter_count(fashion) == 25 * (16 + 16 * 32) + 32 * 8 * 8 * 128 + 128 * 64
    cifar = LeNetEncoder(3, 32, lenet("cifar-10", 32, 32), 128)
    assert parameter_count(cifar) == 25 * (3 * 32 + 32 * 64 + 64 * 128) + 128 * 4 * 4 * 128


def test_decoders_would_not_be_the_released_ones_behind_their_dense_layer() -> None:
    fashion = LeNetDecoder(64, lenet("fashion-mnist", 16, 32), 1)
    assert parameter_count(fashion) == 64 * 128 + 25 * (8 * 32 + 32 * 16 + 16)
    cifar = LeNetDecoder(128, lenet("cifar-10", 32, 32), 3)
    assert parameter_count(cifar) == 128 * 128 + 25 * (8 * 128 + 128 * 64 + 64 * 32 + 32 * 3)


@pytest.mark.parametrize("network", LENETS)
@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
def test_an_image_size_would_not_fit_the_networks(network: str, size: int) -> None:
    layers = lenet(network, 2, size)
    vectors = LeNetEncoder(3, size, layers, 5)(torch.zeros(2, 3, size, size))
    assert vectors.shape == (2, 5)
    assert LeNetDecoder(5, layers, 3)(vectors).shape == (2, 3, size, size)


@pytest.mark.parametrize("network", LENETS)
def test_a_bias_would_let_the_network_map_every_image_to_the_centre(network: str) -> None:
    encoder = LeNetEncoder(1, 32, lenet(network, 4, 32), 6)
    names = [name for name, _ in encoder.named_parameters()]
    assert names
    assert all(name.startswith(("convs.", "dense.")) and "bias" not in name for name in names)
    # In training mode norms shift what they are given, in evaluation mode here they do not.
    assert encoder.eval()(torch.zeros(1, 1, 32, 32)).abs().max() == 0


def test_the_centre_would_have_numbers_that_weights_of_zero_reach() -> None:
    vectors = torch.tensor([[0.0, 0.08, -0.02, 0.5, -3.0], [0.0, 0.0, -0.02, 0.7, -1.0]])
    expected = torch.tensor([0.1, 0.1, -0.1, 0.6, -2.0])
    torch.testing.assert_close(centre_of(vectors), expected)


def test_the_second_stage_would_not_begin_at_the_mean_of_the_normals() -> None:
    single = SingleModel(NAME, SMALL)
    pixels = torch.randint(0, 256, (300, 1, 16, 16), dtype=torch.uint8)
    _, one_class = single.detector.stages()
    assert one_class.begin is not None
    encoder = single.networks["encoder"].eval()
    with torch.no_grad():
        begun = one_class.begin(single.model, FitView(pixels))
        mean = encoder(pixels / 127.5 - 1).mean(0)
    assert list(begun) == ["hypersphere.centre"]
    far = mean.abs() > 0.1
    torch.testing.assert_close(begun["hypersphere.centre"][far], mean[far])
    assert torch.equal(begun["hypersphere.centre"][~far].sign(), mean[~far].sign())


def test_the_distance_would_not_be_the_squared_one() -> None:
    sphere = Hypersphere(2)
    sphere.centre.copy_(torch.tensor([1.0, -1.0]))
    distances = sphere(torch.tensor([[1.0, -1.0], [4.0, 3.0]]))
    assert distances.tolist() == [0.0, 25.0]


@pytest.mark.parametrize("boundary", ["hard", "soft"])
def test_the_loss_would_not_be_the_papers(boundary: str) -> None:
    single = SingleModel(NAME, {**SMALL, "boundary": boundary, "nu": 0.3})
    single.networks["hypersphere"].get_buffer("centre").fill_(0.4)
    images = some_images(12)
    (phase,) = single.detector.stages()[1].phases
    assert phase.trains == ("encoder",)
    loss = phase.loss(single.model, Batch(images=images, normal_count=12), {})

    vectors = single.networks["encoder"](images).detach().numpy()
    distances = ((vectors - 0.4) ** 2).sum(1)
    if boundary == "hard":
        expected = distances.mean()
    else:
        squared_radius = np.quantile(distances, 0.7)
        beyond = np.maximum(0, distances - squared_radius)
        expected = squared_radius + beyond.mean() / 0.3
    assert loss.total.item() == pytest.approx(float(expected), rel=1e-5)


def test_the_pretraining_would_minimise_anything_but_the_squared_error() -> None:
    single = SingleModel(NAME, SMALL)
    images = some_images(5)
    (phase,) = single.detector.stages()[0].phases
    assert phase.trains == ("encoder", "decoder")
    loss = phase.loss(single.model, Batch(images=images, normal_count=5), {})
    remade = single.networks["decoder"](single.networks["encoder"](images))
    expected = nn.functional.mse_loss((remade + 1) / 2, (images + 1) / 2)  # in [0, 1]
    torch.testing.assert_close(loss.total, expected)


def test_a_quantile_would_not_be_numpys_or_not_differ_between_lanes() -> None:
    values = torch.rand(3, 17, generator=torch.Generator().manual_seed(1))
    shares = torch.tensor([0.0, 0.63, 1.0])
    ours = torch.vmap(quantile)(values, shares)
    for row, share, got in zip(values, shares, ours, strict=True):
        assert got.item() == pytest.approx(np.quantile(row.numpy(), share.item()), rel=1e-5)


def test_the_soft_boundarys_gradient_would_reach_images_inside() -> None:
    distances = torch.tensor([1.0, 2.0, 3.0, 10.0, 4.0], requires_grad=True)
    loss = soft_boundary(distances, torch.tensor(0.25))  # R^2 = 4
    (slope,) = torch.autograd.grad(loss, distances)
    assert slope.tolist() == pytest.approx([0, 0, 0, 1 / (5 * 0.25), 0])


def test_learning_rates_would_not_fall_after_a_third_of_their_stage() -> None:
    for stage in SingleModel(NAME, SMALL).detector.stages():
        schedule = stage.phases[0].optimizer.schedule
        assert schedule is not None
        assert [schedule(done) for done in (0.0, 0.33, 1 / 3, 0.9)] == [1.0, 1.0, 0.1, 0.1]


def _trainer(digits: TrainingData, values: dict[str, Any], epochs: int) -> Trainer:
    hyperparameters = detectors.resolve(NAME, {**SMALL, "batch_normals": 16, **values})
    lane = Lane(hyperparameters=hyperparameters, seed=0)
    return Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=epochs)


@pytest.mark.parametrize("boundary", ["hard", "soft"])
def test_digits_would_not_be_told_apart(digits: TrainingData, boundary: str) -> None:
    rates = {"learning_rate": 1e-3, "pretraining_learning_rate": 1e-3}
    trainer = _trainer(digits, {**rates, "width": 8, "latent": 16, "boundary": boundary}, 10)
    for _ in range(10):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] == result.metrics["auroc/distance"] > 0.9


def test_the_second_stage_would_train_the_decoder_or_move_the_centre(digits: TrainingData) -> None:
    trainer = _trainer(digits, {}, 4)
    first = [trainer.epoch()[0] for _ in range(2)][-1]
    assert first.metrics["auroc"] == first.metrics["auroc/error"]
    pretrained = trainer.weights(0)
    assert not pretrained["hypersphere.centre"].any()
    trainer.epoch()
    begun = trainer.weights(0)
    trainer.epoch()
    ended = trainer.weights(0)
    for name, tensor in ended.items():
        still = not name.startswith("encoder.")
        assert torch.equal(tensor, begun[name]) == still, name
        if name.startswith("decoder."):
            assert torch.equal(tensor, pretrained[name])
    assert begun["hypersphere.centre"].abs().min() >= 0.1
