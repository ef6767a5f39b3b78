"""Losses and score of the two-discriminator GAN and the DCGAN, by the formulas of Kim et al."""

import itertools
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch
from tests.models.detectors.single_model import SingleModel, phase_losses, some_images

WEIGHTS = {
    "reconstruction": 2.0,
    "patch": 0.7,
    "encoder": 0.4,
    "normal_adversarial": 0.6,
    "anomaly_adversarial": 3.0,
    "abc": 0.8,
}
NORMALS, ANOMALIES = slice(0, 4), slice(4, 7)
KINDS = {"normal": NORMALS, "anomaly": ANOMALIES}
GENERATOR = ("encoder", "decoder")


@pytest.fixture(params=["two-discriminator-gan", "dcgan"])
def single(request: pytest.FixtureRequest) -> SingleModel:
    weights = {f"{name}_weight": weight for name, weight in WEIGHTS.items()}
    values = {"width": 4, "patch_n": 2, "discriminator_steps": 3, **weights}
    return SingleModel(str(request.param), values)


@pytest.fixture
def batch() -> Batch:
    return _batch(some_images(7))


def _batch(images: Tensor) -> Batch:
    return Batch(images=images, normal_count=4, draws={"augmentation": torch.zeros(7, 3)})


def _remade(single: SingleModel, images: Tensor) -> Tensor:
    remade: Tensor = single.networks["decoder"](single.networks["encoder"](images))
    return remade


def _heads(single: SingleModel, kind: str, images: Tensor) -> list[Tensor]:
    heads: list[Tensor] = single.networks[f"{kind}_discriminator"](images)
    assert [head.shape[1] for head in heads] == [16, 1]
    return heads


def _squares(heads: Sequence[Tensor], target: float) -> Tensor:
    cells, whole = heads
    return ((cells.sigmoid() - target) ** 2).mean() + ((whole.sigmoid() - target) ** 2).mean()


def _windows(error: Tensor, side: int, step: int) -> Tensor:
    """The mean of each window of each image, one after the other [N, M]."""
    starts = range(0, error.shape[-1] - side + 1, step)
    return torch.stack(
        [
            error[..., down : down + side, right : right + side].mean((1, 2, 3))
            for down, right in itertools.product(starts, starts)
        ],
        1,
    )


def test_a_discriminator_would_see_the_other_ones_images_or_swap_its_targets(
    single: SingleModel, batch: Batch
) -> None:
    loss = phase_losses(single, batch)[1]["discriminators"]
    remade = _remade(single, batch.images)
    expected = {}
    for kind, rows in KINDS.items():
        real, fake = (_heads(single, kind, shown[rows]) for shown in (batch.images, remade))
        expected[kind] = 0.5 * (_squares(real, 1) + _squares(fake, 0))
        torch.testing.assert_close(loss.terms[f"{kind}_discriminator"], expected[kind])
        assert (expected[kind] - 0.5 * (_squares(real, 0) + _squares(fake, 1))).abs() > 1e-3
    assert len(loss.terms) == 2
    torch.testing.assert_close(loss.total, expected["normal"] + expected["anomaly"])


def test_a_term_of_the_generators_loss_would_be_of_other_images_or_have_another_target(
    single: SingleModel, batch: Batch
) -> None:
    loss = phase_losses(single, batch)[1]["generator"]
    remade = _remade(single, batch.images)
    error = (batch.images - remade).abs()
    worst = _windows(error[NORMALS], 8, 4).sort(1).values[:, -2:]  # of 9 patches the worst two
    codes = [single.networks["encoder"](shown)[-1] for shown in (batch.images, remade)]
    expected = {
        "reconstruction": error[NORMALS].mean(),
        "patch": worst.mean(),
        "encoder": (codes[0] - codes[1])[NORMALS].abs().mean(),
        "normal_adversarial": _squares(_heads(single, "normal", remade[NORMALS]), 1),
        "anomaly_adversarial": _squares(_heads(single, "anomaly", remade[ANOMALIES]), 0),
        "abc": -torch.log(1 - torch.exp(-error[ANOMALIES].mean((1, 2, 3)))).mean(),
    }
    assert set(loss.terms) == set(expected)
    for name, term in loss.terms.items():
        torch.testing.assert_close(term, expected[name])
    total = sum(WEIGHTS[name] * term for name, term in expected.items())
    torch.testing.assert_close(loss.total, total)


@pytest.mark.parametrize("name", ["two-discriminator-gan", "dcgan"])
def test_augmented_images_would_be_held_against_those_that_are_not(name: str) -> None:
    """Mirrored ones train as if they had come that way."""
    images = some_images(7)
    found, expected = (
        phase_losses(SingleModel(name, {"width": 4, "augmentation": kind}), _batch(seen))[1]
        for kind, seen in (("flip", images), ("none", images.flip(-1)))
    )
    other = phase_losses(SingleModel(name, {"width": 4}), _batch(images))[1]
    for phase in ("discriminators", "generator"):
        torch.testing.assert_close(found[phase].terms, expected[phase].terms)
        assert (found[phase].total - other[phase].total).abs() > 1e-5


def test_a_phase_would_train_a_network_of_the_other_or_not_wait(
    single: SingleModel, batch: Batch
) -> None:
    discriminators, generator = single.detector.stages()[0].phases
    assert discriminators.trains == ("normal_discriminator", "anomaly_discriminator")
    assert (generator.trains, generator.every) == (GENERATOR, 3)
    loss = phase_losses(single, batch)[1]["discriminators"].total
    parameters = [each for name in GENERATOR for each in single.networks[name].parameters()]
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    assert all(gradient is None for gradient in gradients)


def test_running_statistics_would_follow_reconstructions(single: SingleModel, batch: Batch) -> None:
    networks = single.networks
    model = Model(
        networks,
        {name: dict(network.named_parameters()) for name, network in networks.items()},
        {name: dict(network.named_buffers()) for name, network in networks.items()},
        single.model.settings,
        moving=frozenset(GENERATOR),
    )
    (stage,) = single.detector.stages()
    assert stage.forward is not None
    shared = stage.forward(model, batch)
    before = {name: each.clone() for name, each in networks["encoder"].named_buffers()}
    assert before["norms.0.running_mean"].any()
    stage.phases[1].loss(model, batch, shared)
    for name, buffer in networks["encoder"].named_buffers():
        assert torch.equal(buffer, before[name]), name


def _parts(single: SingleModel, images: Tensor) -> Tensors:
    """Of networks in evaluation mode, whose statistics are not those of the start."""
    with torch.no_grad():
        for _ in range(10):
            remade = _remade(single, images.flip(0))
            for kind in KINDS:
                _heads(single, kind, remade)
        for network in single.networks.values():
            network.eval()
        return single.detector.score_parts(single.model, images)


def test_a_part_of_the_score_would_be_of_something_else_or_point_the_wrong_way(
    single: SingleModel,
) -> None:
    images = some_images(5)
    parts = _parts(single, images)
    with torch.no_grad():
        remade = _remade(single, images)
        error = (images - remade).abs()
        patches = _windows(error, 8, 4)
        codes = [single.networks["encoder"](shown)[-1] for shown in (images, remade)]
        expected = {
            "error": error.mean((1, 2, 3)),
            "squared_error": (error**2).mean((1, 2, 3)),
            "patch": patches.sort(1).values[:, -2:].mean(1),
            "worst_patch": patches.amax(1),
            "latent": (codes[0] - codes[1]).abs().mean((1, 2, 3)),
        }
        regions = _windows(error, 8, 4)  # half the side, at every size
        expected |= {f"region_{place + 1}": regions[:, place] for place in range(9)}
        for kind, sign in (("normal", -1), ("anomaly", 1)):
            for seen, shown in (("image", images), ("reconstruction", remade)):
                cells, whole = _heads(single, kind, shown)
                verdict = sign * (cells.mean(1) + whole[:, 0])
                expected[f"{kind}_discriminator_{seen}"] = verdict
    assert set(parts) == set(expected)
    for name, part in parts.items():
        torch.testing.assert_close(part, expected[name])


def test_regions_of_a_large_image_would_not_be_nine() -> None:
    single, images = SingleModel("dcgan", {"width": 2}, size=64), some_images(2, size=64)
    parts = _parts(single, images)
    with torch.no_grad():
        regions = _windows((images - _remade(single, images)).abs(), 32, 16)
    found = torch.stack([parts[f"region_{place}"] for place in range(1, 10)], 1)
    torch.testing.assert_close(found, regions)
