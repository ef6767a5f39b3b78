"""AnoGAN's losses, search and score against the paper's formulas."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.anogan.detector import search_pace
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "anogan"
SMALL: dict[str, Any] = {"width": 4, "latent": 6, "search_steps": 10}


def _single(size: int = 16, channels: int = 1, **values: Any) -> SingleModel:
    return SingleModel(NAME, {**SMALL, **values}, channels, size)


def _scoring(size: int = 16, channels: int = 1, **values: Any) -> SingleModel:
    """In evaluation mode, with statistics that are not those of the start."""
    single = _single(size, channels, **values)
    noise = torch.randn(32, SMALL["latent"], generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        for _ in range(20):
            made = single.networks["generator"](3 * noise)
            single.networks["discriminator"](made)
    for network in single.networks.values():
        network.eval()
    return single


def _phase_loss(single: SingleModel, name: str, images: Tensor, noise: Tensor) -> Any:
    (stage,) = single.detector.stages()
    assert stage.forward is not None
    batch = Batch(images=images, normal_count=len(images), draws={"noise": noise})
    shared = stage.forward(single.model, batch)
    (phase,) = (phase for phase in stage.phases if phase.name == name)
    return phase.loss(single.model, batch, shared)


def _noise(count: int) -> Tensor:
    return torch.randn(count, SMALL["latent"], generator=torch.Generator().manual_seed(1))


def _verdicts(single: SingleModel, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of real and made images, in one batch."""
    made = single.networks["generator"](noise)
    _, logits = single.networks["discriminator"](torch.cat([images, made]))
    return logits[: len(images)], logits[len(images) :]


REAL: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": lambda logits: -logits.sigmoid().log(),
    "lsgan": lambda logits: (1 - logits.sigmoid()) ** 2,
    "hinge": lambda logits: (1 - logits).clamp_min(0),
}
FAKE: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": lambda logits: -(1 - logits.sigmoid()).log(),
    "lsgan": lambda logits: logits.sigmoid() ** 2,
    "hinge": lambda logits: (1 + logits).clamp_min(0),
}


def test_the_networks_would_not_be_those_of_the_released_code() -> None:
    networks = detectors.make(NAME, detectors.resolve(NAME, {}), 1, 32).networks()
    counts = {
        name: sum(parameter.numel() for parameter in network.parameters())
        for name, network in networks.items()
    }
    assert counts == {
        "generator": 8_753_345 - 9_280,
        "discriminator": 4_265_217 - 1_088,
        "starts": 0,
    }
    assert networks["starts"].state_dict()["start"].shape == (1, 200)


def test_starts_would_not_be_of_a_truncated_normal_distribution() -> None:
    start = _single(latent=500, restarts=4).networks["starts"].state_dict()["start"]
    assert start.abs().max() <= 2
    # 0.8796 is the standard deviation of N(0, 1) within (-2, 2); 2000 numbers give 3 digits of it.
    assert start.std().item() == pytest.approx(0.8796, abs=0.06)
    assert start.unique().numel() == start.numel()


@pytest.mark.parametrize("adversarial", ["bce", "lsgan", "hinge"])
def test_the_discriminator_would_take_made_images_for_real(adversarial: str) -> None:
    single, images, noise = _single(adversarial=adversarial), some_images(5), _noise(5)
    loss = _phase_loss(single, "discriminator", images, noise)
    real, fake = _verdicts(single, images, noise)
    expected = REAL[adversarial](real).mean() + FAKE[adversarial](fake).mean()
    torch.testing.assert_close(loss.total, expected)
    torch.testing.assert_close(loss.terms["discriminator"], expected)
    swapped = REAL[adversarial](fake).mean() + FAKE[adversarial](real).mean()
    assert abs(expected - swapped) > 1e-3


@pytest.mark.parametrize("adversarial", ["bce", "lsgan"])
def test_the_generator_would_give_itself_away(adversarial: str) -> None:
    single, images, noise = _single(adversarial=adversarial), some_images(5), _noise(5)
    loss = _phase_loss(single, "generator", images, noise)
    _, fake = _verdicts(single, images, noise)
    torch.testing.assert_close(loss.total, REAL[adversarial](fake).mean())
    assert abs(loss.total - FAKE[adversarial](fake).mean()) > 1e-3


def test_the_discriminators_step_would_move_the_generator() -> None:
    single = _single()
    loss = _phase_loss(single, "discriminator", some_images(5), _noise(5))
    loss.total.backward()
    assert all(each.grad is None for each in single.networks["generator"].parameters())
    assert all(each.grad is not None for each in single.networks["discriminator"].parameters())


def test_the_generator_would_not_wait_for_the_discriminator() -> None:
    (stage,) = _single(discriminator_steps=3).detector.stages()
    judging, making = stage.phases
    assert (judging.trains, judging.every) == (("discriminator",), 1)
    assert (making.trains, making.every) == (("generator",), 3)
    assert stage.average == "average"


def test_the_search_would_not_be_adam_on_the_papers_loss_an_image_at_a_time() -> None:
    single, images = _scoring(search_rate=0.05), some_images(3)
    generator, discriminator = single.networks["generator"], single.networks["discriminator"]
    found = single.detector.reconstruct(single.model, images)
    assert found is not None
    for image, ours in zip(images[:, None], found[:, None], strict=True):
        vector = single.networks["starts"].state_dict()["start"].clone().requires_grad_()
        optimizer = torch.optim.Adam([vector])
        for step in range(10):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 if step < 4 else 0.1 if step < 6 else 0.05)
            loss = _published_score(generator, discriminator, image, vector)
            (vector.grad,) = torch.autograd.grad(loss, [vector])
            optimizer.step()
        torch.testing.assert_close(ours, generator(vector).detach(), rtol=1e-3, atol=1e-4)


def _published_score(
    generator: torch.nn.Module, discriminator: torch.nn.Module, image: Tensor, vector: Tensor
) -> Tensor:
    """A(x) of one image, as sums."""
    made = generator(vector)
    residual: Tensor = (image - made).abs().sum()
    features: Tensor = (discriminator(image)[0] - discriminator(made)[0]).abs().sum()
    return 0.9 * residual + 0.1 * features


def test_the_steps_of_the_search_would_not_shrink_as_published() -> None:
    rates = [0.01 * search_pace(step / 500) for step in range(500)]
    assert rates == pytest.approx([0.01] * 200 + [0.001] * 100 + [0.0005] * 200)


def test_the_search_would_not_come_nearer() -> None:
    near = {
        steps: _parts(_scoring(search_steps=steps, search_rate=0.1), some_images(6))
        for steps in (1, 60)
    }
    start, end = (0.9 * parts["error"] + 0.1 * parts["features"] for parts in near.values())
    assert (end < start).all()


def _parts(single: SingleModel, images: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return single.detector.score_parts(single.model, images)


@pytest.mark.parametrize(("size", "channels"), [(16, 1), (64, 3)])
def test_the_published_score_would_not_be_the_papers_sums(size: int, channels: int) -> None:
    single, images = _scoring(size, channels, search_steps=2), some_images(3, channels, size)
    parts = _parts(single, images)
    with torch.no_grad():
        remade = single.detector.reconstruct(single.model, images)
        assert remade is not None
        seen, made = (single.networks["discriminator"](each)[0] for each in (images, remade))
    residual = (images - remade).abs().sum((1, 2, 3))
    features = (seen - made).flatten(1).abs().sum(1)
    ((weights,), _) = detectors.scores(NAME).values()
    score = torch.stack([weight * parts[name] for name, weight in weights.items()]).sum(0)
    torch.testing.assert_close(score * channels * size**2, 0.9 * residual + 0.1 * features)


def test_restarts_would_keep_another_than_the_nearest() -> None:
    several, images = _scoring(restarts=3), some_images(6)
    starts = several.networks["starts"].state_dict()["start"].clone()
    alone = _scoring()
    for name in ("generator", "discriminator"):
        alone.networks[name].load_state_dict(several.networks[name].state_dict())
    losses = []
    for start in starts:
        alone.networks["starts"].state_dict()["start"].copy_(start)
        parts = _parts(alone, images)
        losses.append(0.9 * parts["error"] + 0.1 * parts["features"])
    of_each = torch.stack(losses)
    kept = _parts(several, images)
    torch.testing.assert_close(
        0.9 * kept["error"] + 0.1 * kept["features"], of_each.amin(0), rtol=1e-4, atol=1e-5
    )
    assert len(set(of_each.argmin(0).tolist())) > 1


def test_pictures_would_not_be_the_generators_of_its_noise() -> None:
    single = _scoring()
    prior = single.detector.prior
    assert prior is not None and (prior.shape, prior.kind) == ((6,), "normal")
    made = single.detector.generate(single.model, _noise(4))
    assert made is not None
    torch.testing.assert_close(made, single.networks["generator"](_noise(4)))


@pytest.fixture(scope="module")
def trained(digits: TrainingData) -> list[Trainer]:
    """Of two epochs: a lane alone, and it beside another."""
    rates = (1e-3, 2e-4)
    lanes = [
        Lane(
            hyperparameters=detectors.resolve(
                NAME,
                {**SMALL, "restarts": 2, "batch_normals": 16, "learning_rate": rate},
            ),
            seed=seed,
        )
        for seed, rate in enumerate(rates)
    ]
    trainers = [
        Trainer(NAME, digits, some, device="cpu", precision="float32", epochs=3)
        for some in (lanes[:1], lanes)
    ]
    for trainer in trainers:
        trainer.epoch()
    return trainers


def test_a_lane_would_be_searched_by_anothers_settings(trained: list[Trainer]) -> None:
    alone, packed = (trainer.epoch()[0] for trainer in trained)
    assert alone.error is None and packed.error is None
    assert alone.losses == pytest.approx(packed.losses, rel=1e-4)
    assert alone.metrics["auroc/error"] == pytest.approx(packed.metrics["auroc/error"], abs=0.01)
    assert alone.metrics["auroc/error"] > 0.9


def test_the_starts_would_be_trained(trained: list[Trainer]) -> None:
    alone = trained[0]
    before = alone.weights(0)
    alone.epoch()
    after = alone.weights(0)
    assert torch.equal(before["starts.start"], after["starts.start"])
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"generator.last.weight", "discriminator.last.weight"} <= changed
