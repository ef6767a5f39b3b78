"""EGBAD's networks, losses, dropout and score against the paper's formulas."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.egbad.networks import (
    JointDiscriminator,
    dropout_masks,
    dropped_shapes,
    encoder,
)
from models.detectors.model import Tensors
from models.detectors.stage import Batch, Loss
from models.lanes.draws import drawn
from models.lanes.lane import Lane
from models.networks.convolutional import Norm
from models.networks.dense import leaky
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, parameter_count, some_images

NAME = "egbad"
SMALL: dict[str, Any] = {"width": 4, "latent": 6}
COUNT = 5


class _Step:
    """One model's losses of a batch with all its random numbers, and what they are made of."""

    def __init__(self, **values: Any):
        self.single = SingleModel(NAME, {**SMALL, **values})
        self.images = some_images(COUNT)
        (self.stage,) = self.single.detector.stages()
        generator = torch.Generator().manual_seed(1)
        self.draws = {draw.name: drawn(draw, COUNT, generator) for draw in self.stage.draws}
        assert self.stage.forward is not None
        self._batch = Batch(images=self.images, normal_count=COUNT, draws=self.draws)
        self._shared = self.stage.forward(self.single.model, self._batch)

    def loss(self, name: str) -> Loss:
        (phase,) = (phase for phase in self.stage.phases if phase.name == name)
        return phase.loss(self.single.model, self._batch, self._shared)

    def verdicts(self, use: str, rate: float) -> tuple[Tensor, Tensor]:
        """Logits of the pairs (x, E(x)) and (G(z), z), in one batch; masks written out."""
        networks, noise = self.single.networks, self.draws["noise"]
        codes, made = networks["encoder"](self.images), networks["generator"](noise)
        masks = {}
        for layer in dropped_shapes(SMALL["width"], 16):
            both = self.draws[f"{use}/{layer}"]
            numbers = torch.cat([both[:, 0], both[:, 1]])
            masks[layer] = torch.where(numbers < rate, 0.0, 1 / (1 - rate))
        pairs = torch.cat([self.images, made]), torch.cat([codes, noise])
        _, logits = networks["discriminator"](*pairs, masks)
        return logits[:COUNT], logits[COUNT:]


def test_the_networks_would_not_be_those_of_the_released_code() -> None:
    networks = detectors.make(NAME, detectors.resolve(NAME, {}), 1, 32).networks()
    counts = {name: parameter_count(network) for name, network in networks.items()}
    assert counts == {
        "encoder": 1_731_656 - 192,
        "generator": 8_753_345 - 9_280,
        "discriminator": 4_890_369 - 64,
    }


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (3, 32), (1, 64), (3, 128), (3, 256)])
def test_networks_would_not_fit_together(channels: int, size: int) -> None:
    single = SingleModel(NAME, {**SMALL, "width": 2}, channels, size)
    images = some_images(2, channels, size)
    codes = single.networks["encoder"](images)
    assert codes.shape == (2, 6)
    assert single.networks["generator"](codes).shape == images.shape
    masks = {layer: torch.ones(2, *shape) for layer, shape in dropped_shapes(2, size).items()}
    features, logits = single.networks["discriminator"](images, codes, masks)
    assert (features.shape, logits.shape) == ((2, 32), (2,))


def test_the_encoder_would_have_other_layers_than_the_released_code() -> None:
    network = encoder(1, 4, 16, 6).eval()
    named = dict(network.named_parameters())
    values = leaky(F.conv2d(some_images(3), named["first.weight"], named["first.bias"], padding=1))
    for level in range(2):
        weight = named[f"convs.{level}.weight"]
        norm = network.get_submodule(f"norms.{level}")
        values = leaky(norm(F.conv2d(values, weight, stride=2, padding=1)))
    assert values.shape == (3, 8, 4, 4)
    expected = F.linear(values.flatten(1), named["last.weight"], named["last.bias"])
    torch.testing.assert_close(network(some_images(3)), expected)


def test_the_joint_discriminator_would_have_other_layers_than_the_released_code() -> None:
    torch.manual_seed(0)
    network, images, vectors = JointDiscriminator(1, 4, 16, 6), some_images(3), torch.randn(3, 6)
    masks = {layer: torch.rand(3, *shape) for layer, shape in dropped_shapes(4, 16).items()}
    assert [type(norm) for norm in network.norms] == [Norm]
    first = leaky(network.convs[0](images)) * masks["image_1"]
    second = leaky(network.norms[0](network.convs[1](first))) * masks["image_2"]
    vector = leaky(network.vector(vectors)) * masks["vector"]
    joint = leaky(network.joint(torch.cat([second.flatten(1), vector], 1))) * masks["joint"]
    features, logits = network(images, vectors, masks)
    torch.testing.assert_close(features, joint)
    torch.testing.assert_close(logits, network.last(joint).squeeze(1))


def test_dropout_would_drop_another_share_or_change_the_mean() -> None:
    numbers = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    for rate in (0.0, 0.2, 0.5):
        mask = dropout_masks({"layer": numbers}, torch.tensor(rate))["layer"]
        # 5 standard deviations of a share of 20,000.
        assert (mask == 0).float().mean().item() == pytest.approx(rate, abs=0.018)
        assert mask[mask > 0].tolist() == pytest.approx([1 / (1 - rate)] * int((mask > 0).sum()))


def test_the_discriminator_would_take_made_pairs_for_real() -> None:
    step = _Step(dropout=0.3)
    loss = step.loss("discriminator")
    real, fake = step.verdicts("judging", 0.3)
    expected = -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()
    torch.testing.assert_close(loss.total, expected)
    swapped = -fake.sigmoid().log().mean() - (1 - real.sigmoid()).log().mean()
    assert abs(expected - swapped) > 1e-3


def test_the_generator_would_give_itself_away() -> None:
    step = _Step(dropout=0.3)
    _, fake = step.verdicts("deceiving", 0.3)
    torch.testing.assert_close(step.loss("generator").total, -fake.sigmoid().log().mean())


@pytest.mark.parametrize("adversarial", ["bce", "lsgan", "hinge"])
def test_the_encoder_would_help_the_discriminator(adversarial: str) -> None:
    step = _Step(adversarial=adversarial, reconstruction_weight=3.0)
    real, _ = step.verdicts("deceiving", 0.5)
    deceived = {
        "bce": -(1 - real.sigmoid()).log().mean(),
        "lsgan": real.sigmoid().square().mean(),
        "hinge": real.mean(),
    }[adversarial]
    networks = step.single.networks
    remade = networks["generator"](networks["encoder"](step.images))
    error = (step.images - remade).abs().mean()
    loss = step.loss("encoder")
    torch.testing.assert_close(loss.terms["encoder"], deceived)
    torch.testing.assert_close(loss.terms["reconstruction"], error)
    torch.testing.assert_close(loss.total, deceived + 3 * error)


@pytest.mark.parametrize(
    ("phase", "still"),
    [("discriminator", ("encoder", "generator")), ("generator", ("encoder",))],
)
def test_a_step_would_move_a_network_that_is_not_its_own(
    phase: str, still: tuple[str, ...]
) -> None:
    step = _Step()
    torch.autograd.backward(step.loss(phase).total)
    networks = step.single.networks
    assert all(each.grad is not None for each in networks[phase].parameters())
    for name in still:
        assert all(each.grad is None for each in networks[name].parameters())


def test_phases_would_train_other_networks_or_at_another_pace() -> None:
    phases = _Step(discriminator_steps=3).stage.phases
    assert [(phase.trains, phase.every) for phase in phases] == [
        (("discriminator",), 1),
        (("generator",), 3),
        (("encoder",), 3),
    ]


def _scored(
    size: int = 16, channels: int = 1
) -> tuple[SingleModel, Tensor, Tensors, tuple[Tensor, ...]]:
    """A model with moved statistics, images, their score parts, and what those are made of."""
    single = SingleModel(NAME, SMALL, channels, size)
    images = some_images(4, channels, size)
    networks = single.networks
    with torch.no_grad():
        for _ in range(10):
            networks["discriminator"](images, networks["encoder"](images))
            networks["generator"](networks["encoder"](images))
        for network in networks.values():
            network.eval()
        parts = single.detector.score_parts(single.model, images)
        codes = networks["encoder"](images)
        remade = networks["generator"](codes)
        seen, _ = networks["discriminator"](images, codes)
        seen_remade, logits = networks["discriminator"](remade, codes)
    return single, images, parts, (remade, seen, seen_remade, logits)


def _blend(score: str, parts: Tensors) -> Tensor:
    (weights,) = detectors.scores(NAME)[score]
    return torch.stack([weight * parts[name] for name, weight in weights.items()]).sum(0)


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (3, 64)])
def test_feature_matching_would_not_be_the_papers_sums(channels: int, size: int) -> None:
    _, images, parts, (remade, seen, seen_remade, _) = _scored(size, channels)
    residual = (images - remade).abs().sum((1, 2, 3))
    features = (seen - seen_remade).abs().sum(1)
    score = _blend("fm", parts) * channels * size**2
    torch.testing.assert_close(score, 0.9 * residual + 0.1 * features)


def test_cross_entropy_would_not_be_the_papers_at_32_x_32() -> None:
    _, images, parts, (remade, _, _, logits) = _scored(32)
    residual = (images - remade).abs().sum((1, 2, 3))
    verdict = -logits.sigmoid().log()
    torch.testing.assert_close(parts["cross_entropy"], verdict)
    torch.testing.assert_close(_blend("cross-e", parts) * 32**2, 0.9 * residual + 0.1 * verdict)


def test_reconstructions_and_pictures_would_not_be_the_generators() -> None:
    single, images, _, (remade, *_) = _scored()
    detector, model = single.detector, single.model
    with torch.no_grad():
        torch.testing.assert_close(detector.reconstruct(model, images), remade)
        noise = torch.randn(3, SMALL["latent"], generator=torch.Generator().manual_seed(0))
        assert detector.prior is not None and detector.prior.shape == (6,)
        made = detector.generate(model, noise)
        torch.testing.assert_close(made, single.networks["generator"](noise))


def test_a_lane_would_learn_from_anothers_settings(digits: TrainingData) -> None:
    lanes = [
        Lane(
            hyperparameters=detectors.resolve(NAME, {**SMALL, "batch_normals": 16, **values}),
            seed=seed,
        )
        for seed, values in enumerate([{"dropout": 0.2, "learning_rate": 1e-3}, {}])
    ]
    alone, packed = (
        Trainer(NAME, digits, some, device="cpu", precision="float32", epochs=2)
        for some in (lanes[:1], lanes)
    )
    for _ in range(2):
        one, other = alone.epoch()[0], packed.epoch()[0]
    assert one.error is None and other.error is None
    assert one.losses == pytest.approx(other.losses, rel=1e-4)
    assert one.metrics["auroc/error"] == pytest.approx(other.metrics["auroc/error"], abs=0.01)
    assert one.metrics["auroc/error"] > 0.9
