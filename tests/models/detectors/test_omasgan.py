"""Each loss of the four stages against the paper's formula, on what the networks give."""

import copy
import itertools
from collections.abc import Mapping
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.omasgan import networks
from models.detectors.omasgan.detector import Omasgan
from models.detectors.omasgan.hyperparameters import PUBLISHED, STAGES
from models.detectors.stage import Batch, Loss, Phase, Stage
from models.hyperparameters import numbers
from models.lanes.lane import Lane
from models.losses.divergence import conjugate, dual
from models.pixels import scaled
from models.trainer import Trainer
from tests.models.detectors.single_model import parameter_count

SIZE = 16
SMALL: dict[str, Any] = {"width": 2, "latent": 5, "bank": 12, "batch_normals": 6}
COUNT = 6


def made(size: int = SIZE, channels: int = 1, **values: Any) -> tuple[Omasgan, Model]:
    """The detector and a model of it in training mode, with batch statistics that move."""
    resolved = detectors.resolve("omasgan", {**SMALL, **values})
    detector = cast(Omasgan, detectors.make("omasgan", resolved, channels, size))
    torch.manual_seed(0)
    own = {name: network.train() for name, network in detector.networks().items()}
    settings = {name: torch.tensor(value) for name, value in numbers(resolved).items()}
    model = Model(
        own,
        {name: dict(network.named_parameters()) for name, network in own.items()},
        {name: dict(network.named_buffers()) for name, network in own.items()},
        settings,
    )
    return detector, model


def batch_of(detector: Omasgan) -> Batch:
    generator = torch.Generator().manual_seed(1)
    size = detector.size
    images = torch.rand(COUNT, detector.channels, size, size, generator=generator) * 2 - 1
    assert detector.prior is not None
    draws = {
        name: torch.rand(COUNT, *detector.prior.shape, generator=generator)
        for name in ("generator", "boundary", "retrained")
    }
    return Batch(images=images, normal_count=COUNT, draws=draws)


def losses(
    detector: Omasgan, model: Model, stage_name: str
) -> tuple[Batch, Tensors, Mapping[str, Loss]]:
    """The stage's batch, what its forward pass made, and the loss of each phase."""
    stage = stage_named(detector, stage_name)
    batch = batch_of(detector)
    assert stage.forward is not None
    shared = stage.forward(model, batch)
    return batch, shared, {each.name: each.loss(model, batch, shared) for each in stage.phases}


def stage_named(detector: Omasgan, name: str) -> Stage:
    return next(stage for stage in detector.stages() if stage.name == name)


def values_of(model: Model, name: str, *images: Tensor) -> list[Tensor]:
    """A critic's values, by the module itself: all images in one batch."""
    network = copy.deepcopy(model._modules[name])
    together: Tensor = network(torch.cat(images))
    return list(torch.split(together, COUNT))


def penalty_of(model: Model, name: str, divergence: str, *images: Tensor) -> Tensor:
    """Half the mean squared gradient at the first of them, by autograd."""
    first = images[0].detach().clone().requires_grad_()
    value = dual(divergence, values_of(model, name, first, *images[1:])[0])
    (gradient,) = torch.autograd.grad(value.sum(), first)
    return gradient.flatten(1).square().sum(1).mean() / 2


def test_networks_would_have_other_layers_than_the_table() -> None:
    assert parameter_count(networks.generator(100, 1, 64, 32)) == 3_598_209 - 8_640
    assert parameter_count(networks.critic(1, 64, 32)) == 2_756_929 - 960
    hidden = 64 * 2 + 64 + 2 * (64 * 64 + 64)
    assert parameter_count(networks.generator(100, 2, 64, 1)) == hidden + 2 * 64 + 2
    assert parameter_count(networks.critic(2, 64, 1)) == hidden + 64 + 1


@pytest.mark.parametrize(("size", "channels"), [(1, 2), (16, 1), (32, 3), (64, 1), (128, 1)])
def test_shapes_would_not_be_those_of_the_images(size: int, channels: int) -> None:
    detector, model = made(size, channels)
    assert detector.prior is not None
    noise = torch.rand(3, *detector.prior.shape)
    images = model("generator", noise)
    assert images.shape == (3, channels, size, size)
    assert model("judge", images).shape == (3,)
    assert model.tensors("bank")["images"].shape == (12, channels, size, size)
    if size > 1:
        first = cast(nn.Linear, model._modules["generator"].first)
        assert first.out_features == 2 * min(size // 4, 8) * 4 * 4


def test_points_would_not_start_from_their_noise() -> None:
    _, model = made(1, 2)
    network = model._modules["generator"]
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    noise = torch.rand(4, 2)
    assert torch.equal(network(noise)[:, :, 0, 0], noise)


def test_the_bank_would_grow_with_the_images_until_memory_ends() -> None:
    with torch.device("meta"):
        bank = networks.Bank(torch.rand(4096, 5), (3, 256, 256))
    assert bank.images.numel() <= 2**26
    assert len(bank.latents) == len(bank.images) > 100


@pytest.mark.parametrize("divergence", ["pearson", "kl", "js", "gan"])
def test_normal_stage_would_not_estimate_the_divergence_of_images_from_the_generators(
    divergence: str,
) -> None:
    detector, model = made(divergence=divergence, penalty_weight=3.0)
    batch, shared, found = losses(detector, model, "normal")
    fake = shared["generator"]
    of_real, of_fake = values_of(model, "discriminator", batch.images, fake)
    bound = dual(divergence, of_real).mean() - conjugate(divergence, of_fake).mean()
    penalty = penalty_of(model, "discriminator", divergence, batch.images, fake)
    torch.testing.assert_close(found["discriminator"].total, -bound + 3.0 * penalty)
    torch.testing.assert_close(
        found["generator"].total,
        -conjugate(divergence, of_fake.clamp_min(-2)).mean()
        if divergence == "pearson"
        else -conjugate(divergence, of_fake).mean(),
    )


@pytest.mark.parametrize("reference", ["generator", "normals"])
@pytest.mark.parametrize("power", [1, 2])
def test_boundary_would_be_drawn_or_pushed_the_wrong_way(reference: str, power: int) -> None:
    detector, model = made(
        reference=reference, power=power, distance_weight=0.7, dispersion_weight=1.1
    )
    bank = torch.rand(12, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    model.tensors("bank")["images"].copy_(bank)
    batch, shared, found = losses(detector, model, "boundary")
    real = shared["generator"] if reference == "generator" else batch.images
    made_images, noise = shared["boundary"], batch.draws["boundary"]
    of_real, of_made = values_of(model, "boundary_critic", real, made_images)
    bound = of_real.mean() - conjugate("pearson", of_made).mean()
    penalty = penalty_of(model, "boundary_critic", "pearson", real, made_images)
    torch.testing.assert_close(found["boundary_critic"].total, -bound + 10.0 * penalty)

    flat = made_images.detach().flatten(1).double()
    nearest = [min(float((x - b).norm()) for b in bank.flatten(1).double()) ** power for x in flat]
    alike = [
        (float((noise[i] - noise[j]).norm()) / float((flat[i] - flat[j]).norm())) ** power
        for i, j in itertools.permutations(range(COUNT), 2)
    ]
    distance, dispersion = sum(nearest) / COUNT, sum(alike) / (COUNT * (COUNT - 1))
    likeness = conjugate("pearson", of_made.clamp_min(-2)).mean().item()
    wanted = likeness + 0.7 * distance + 1.1 * dispersion
    assert found["boundary"].total.item() == pytest.approx(wanted, rel=1e-4)
    assert found["boundary"].terms["dispersion"].item() == pytest.approx(dispersion, rel=1e-4)


def test_retraining_would_weigh_or_sign_its_four_kinds_of_images_otherwise() -> None:
    detector, model = made(alpha=0.2, delta=0.9, beta=0.6, gamma_b=0.35, penalty_weight=2.0)
    batch, shared, found = losses(detector, model, "retraining")
    shown = [batch.images, *(shared[name] for name in ("generator", "retrained", "boundary"))]
    real, generated, retrained, boundary = values_of(model, "critic", *shown)
    wanted = (
        0.6 * conjugate("pearson", retrained).mean()
        + 0.35 * conjugate("pearson", boundary).mean()
        - 0.9 * generated.mean()
        - 0.2 * real.mean()
    )
    penalty = penalty_of(model, "critic", "pearson", *shown)
    torch.testing.assert_close(found["critic"].total, wanted + 2.0 * penalty)
    deceived = -0.6 * conjugate("pearson", retrained.clamp_min(-2)).mean()
    torch.testing.assert_close(found["retrained"].total, deceived)


def test_the_judge_would_not_be_high_on_the_boundary_and_low_elsewhere() -> None:
    detector, model = made(zeta=0.8)
    batch, shared, found = losses(detector, model, "judge")
    shown = (batch.images, shared["retrained"], shared["boundary"])
    real, retrained, boundary = values_of(model, "judge", *shown)
    wanted = (
        0.8 * conjugate("pearson", real).mean()
        + 0.2 * conjugate("pearson", retrained).mean()
        - boundary.mean()
    )
    torch.testing.assert_close(found["judge"].total, wanted)
    assert [phase.trains for phase in stage_named(detector, "judge").phases] == [("judge",)]


def test_klwgan_would_have_other_margins_or_weigh_real_images() -> None:
    detector, model = made(
        form="klwgan", penalty_weight=0.0, temperature=0.5, alpha=0.7, delta=0.2, zeta=0.6
    )

    def weighed(values: Tensor) -> Tensor:
        return values * torch.exp(values / 0.5) / torch.exp(values / 0.5).mean()

    def margin(values: Tensor) -> Tensor:
        return (1 + values).clamp_min(0).mean()

    batch, shared, found = losses(detector, model, "normal")
    real, fake = values_of(model, "discriminator", batch.images, shared["generator"])
    torch.testing.assert_close(found["discriminator"].total, margin(-real) + margin(weighed(fake)))
    torch.testing.assert_close(found["generator"].total, -weighed(fake).mean())

    _, shared, found = losses(detector, model, "boundary")
    fake = values_of(model, "boundary_critic", shared["generator"], shared["boundary"])[1]
    torch.testing.assert_close(found["boundary"].terms["likeness"], weighed(fake).mean())

    _, shared, found = losses(detector, model, "retraining")
    shown = [batch.images, *(shared[name] for name in ("generator", "retrained", "boundary"))]
    real, generated, retrained, boundary = values_of(model, "critic", *shown)
    torch.testing.assert_close(
        found["critic"].total,
        0.7 * margin(-real)
        + 0.2 * margin(-weighed(generated))
        + margin(weighed(retrained))
        + 0.7 * margin(weighed(boundary)),
    )
    torch.testing.assert_close(found["retrained"].total, -weighed(retrained).mean())

    _, shared, found = losses(detector, model, "judge")
    shown = [batch.images, shared["retrained"], shared["boundary"]]
    real, retrained, boundary = values_of(model, "judge", *shown)
    torch.testing.assert_close(
        found["judge"].total,
        0.6 * margin(real) + 0.4 * margin(weighed(retrained)) + margin(-weighed(boundary)),
    )


@pytest.mark.parametrize("stage_name", list(STAGES))
def test_a_critic_would_reach_generators_or_a_generator_would_not_be_reached(
    stage_name: str,
) -> None:
    detector, model = made()
    _, _, found = losses(detector, model, stage_name)
    critic, *generators = stage_named(detector, stage_name).phases

    def slopes(phase: Phase, network: str) -> list[Tensor]:
        """The gradient of a phase's loss, of the weights that it has one of."""
        gradients = torch.autograd.grad(
            found[phase.name].total,
            [*model._parameters[network].values()],
            retain_graph=True,
            allow_unused=True,
        )
        return [gradient for gradient in gradients if gradient is not None]

    for phase in (critic, *generators):
        own = slopes(phase, phase.name)
        assert phase.trains == (phase.name,)
        assert all(gradient.isfinite().all() for gradient in own)
        assert sum(float(gradient.abs().sum()) for gradient in own) > 0
    for phase in generators:
        assert not slopes(critic, phase.name)


@pytest.mark.parametrize("reference", ["generator", "normals"])
def test_boundary_would_not_start_from_the_generator_or_not_know_what_it_is_of(
    reference: str,
) -> None:
    detector, model = made(reference=reference)
    for network in model._modules.values():
        network.eval()
    images = torch.randint(0, 256, (9, 1, SIZE, SIZE), dtype=torch.uint8)
    begin = stage_named(detector, "boundary").begin
    assert begin is not None
    started = begin(model, FitView(images))
    for source, copied in (("generator", "boundary"), ("discriminator", "boundary_critic")):
        for name, tensor in model.tensors(source).items():
            assert torch.equal(started[f"{copied}.{name}"], tensor)
    if reference == "generator":
        wanted = model("generator", model.tensors("bank")["latents"])
    else:  # more places than images: from the first on again
        wanted = scaled(torch.cat([images, images[:3]]))
    torch.testing.assert_close(started["bank.images"], wanted)


def test_score_would_measure_distances_to_images_of_another_generator() -> None:
    detector, model = made()
    for network in model._modules.values():
        network.eval()
    begin = stage_named(detector, "judge").begin
    assert begin is not None
    started = begin(model, FitView(torch.zeros(9, 1, SIZE, SIZE, dtype=torch.uint8)))
    wanted = model("retrained", model.tensors("bank")["latents"])
    torch.testing.assert_close(started, {"bank.images": wanted})


def test_score_would_not_be_in_deviations_of_the_fit_normals_or_fall_with_anomaly() -> None:
    detector, model = made(power=1)
    for network in model._modules.values():
        network.eval()
    images = torch.randint(0, 256, (40, 1, SIZE, SIZE), dtype=torch.uint8)
    model.fitted = detector.fit(model, FitView(images))
    parts = detector.score_parts(model, scaled(images))
    assert list(parts) == ["judge", "divergence", "nearest"]
    for part in parts.values():
        assert part.mean().item() == pytest.approx(0.0, abs=1e-3)
        assert part.std(correction=0).item() == pytest.approx(1.0, abs=1e-3)
    value = model("critic", scaled(images))
    evidence = -(conjugate("pearson", value.clamp_min(-2)) + 0.01 * (value + 2).clamp_max(0))
    bank = model.tensors("bank")["images"]
    gaps = (scaled(images)[:, None] - bank[None]).flatten(2).norm(dim=2).amin(1)
    for name, raw in (
        ("judge", model("judge", scaled(images))),
        ("divergence", evidence),
        ("nearest", gaps),
    ):
        standard = (raw - raw.mean()) / raw.std(correction=0)
        torch.testing.assert_close(parts[name], standard, atol=1e-3, rtol=1e-3)
    for stage, critic in zip(
        detector.stages(), ("discriminator", "boundary_critic", "critic", None), strict=True
    ):
        if critic is None:
            assert stage.score_parts is None
            continue
        assert stage.score_parts is not None
        own = stage.score_parts(model, scaled(images))
        torch.testing.assert_close(own, {critic: -model(critic, scaled(images))})


def test_a_lane_would_drift_from_the_same_trained_alone(digits: TrainingData) -> None:
    """As it does where gradients are 0 but for rounding, of which Adam makes full steps."""
    values = {**SMALL, "width": 4, "batch_normals": 24}
    lanes = [
        Lane(hyperparameters=detectors.resolve("omasgan", {**values, "alpha": alpha}), seed=0)
        for alpha in (0.3, 0.5)
    ]
    together, alone = (
        Trainer("omasgan", digits, of, device="cpu", precision="float32", epochs=4)
        for of in (lanes, lanes[:1])
    )
    for _ in range(4):
        together.epoch()
        alone.epoch()
    other = alone.weights(0)
    for name, tensor in together.weights(0).items():
        torch.testing.assert_close(tensor, other[name], atol=1e-3, rtol=1e-3, msg=name)


@pytest.mark.parametrize("stage", list(STAGES))
def test_generators_would_share_their_noise(stage: str) -> None:
    detector, _ = made()
    draws = [draw.name for draw in stage_named(detector, stage).draws]
    assert len(draws) == len(set(draws)) > 0
    for prior, kind in (("uniform", "uniform"), ("normal", "normal")):
        detector, model = made(prior=prior)
        assert {draw.kind for draw in stage_named(detector, stage).draws} == {kind}
        assert (model.tensors("bank")["latents"].min() < 0) == (prior == "normal")


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_settings_would_not_train_through_all_stages(
    name: str, digits: TrainingData
) -> None:
    values = {**PUBLISHED[name], "width": 2, "bank": 16, "latent": 4}
    lanes = [Lane(hyperparameters=detectors.resolve("omasgan", values), seed=s) for s in (0, 1)]
    trainer = Trainer("omasgan", digits, lanes, device="cpu", precision="float32", epochs=4)
    seen = [trainer.epoch()[0] for _ in range(4)]
    assert [each.stage for each in seen] == list(STAGES)
    assert not any(each.diverged or each.error for each in seen)
    assert {"auroc/judge", "auroc/published", "auroc/tuned"} <= set(seen[-1].metrics)
    pictures = trainer.fitted(0).generate(3)
    assert pictures is not None and pictures.shape == (3, 1, SIZE, SIZE)
