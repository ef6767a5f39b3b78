"""OGNet's losses in its stages, which examples are good and bad, and what is kept of the generator.

Its discriminator's targets are the paper's: 0 is real or good, 1 is fake or bad.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch, Stage
from models.lanes.lane import Lane
from models.losses import adversarial
from models.stages import stage_ends
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, phase_losses, some_images

NAME = "ognet"
SMALL: dict[str, Any] = {"width": 4, "noise": 0.5, "alpha": 0.3, "beta": 0.2}
MakeTrainer = Callable[..., Trainer]


@pytest.fixture
def single() -> SingleModel:
    return SingleModel(NAME, {**SMALL, "reconstruction_weight": 7.0})


@pytest.fixture
def batch() -> Batch:
    noise = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    return Batch(images=some_images(5), normal_count=5, draws={"noise": noise})


def _stage(single: SingleModel, name: str) -> Stage:
    return next(stage for stage in single.detector.stages() if stage.name == name)


def _bad(single: SingleModel, *images: Tensor) -> tuple[Tensor, ...]:
    """The probability of being bad, all in one batch as training sees them."""
    logits: Tensor = single.networks["discriminator"](torch.cat(images))[1]
    return logits.sigmoid().chunk(len(images))


@pytest.mark.parametrize("stage", ["early", "refinement"])
def test_the_discriminator_would_take_reconstructions_for_good(
    single: SingleModel, batch: Batch, stage: str
) -> None:
    loss = phase_losses(single, batch, stage)[1]["discriminator"]
    remade = single.networks["generator"](batch.images + 0.5 * batch.draws["noise"])
    real, fake = _bad(single, batch.images, remade)
    expected = -(1 - real).log().mean() - fake.log().mean()
    swapped = -real.log().mean() - (1 - fake).log().mean()
    torch.testing.assert_close(loss.total, expected)
    assert (expected - swapped).abs() > 1e-3


@pytest.mark.parametrize("stage", ["early", "refinement"])
def test_the_generator_would_not_pass_for_good_or_learn_the_noise(
    single: SingleModel, batch: Batch, stage: str
) -> None:
    loss = phase_losses(single, batch, stage)[1]["generator"]
    remade = single.networks["generator"](batch.images + 0.5 * batch.draws["noise"])
    _, fake = _bad(single, batch.images, remade)
    error = (batch.images - remade).square().mean()
    torch.testing.assert_close(loss.terms["adversarial"], -(1 - fake).log().mean())
    torch.testing.assert_close(loss.terms["reconstruction"], error)
    torch.testing.assert_close(loss.total, loss.terms["adversarial"] + 7 * error)


def test_good_and_bad_examples_would_be_others_or_weigh_otherwise(
    single: SingleModel, batch: Batch
) -> None:
    for name in ("generator", "old_generator"):  # statistics that are not those of the batch
        for _ in range(3):
            single.networks[name](some_images(8, seed=2))
    (judge,) = _stage(single, "discrimination").phases
    loss = phase_losses(single, batch, "discrimination")[1]["judge"]
    assert single.networks["generator"].training

    generator = single.networks["generator"].eval()
    old = single.networks["old_generator"].eval()(batch.images)
    partners = torch.stack([old[(row - 1) % 5] for row in range(5)])
    shown = (batch.images, generator(batch.images), old, generator((old + partners) / 2))
    image, remade, remade_by_old, pseudo = _bad(single, *shown)
    expected = {
        "image": -(1 - image).log().mean(),
        "remade": -(1 - remade).log().mean(),
        "old": -remade_by_old.log().mean(),
        "pseudo": -pseudo.log().mean(),
    }
    assert set(loss.terms) == set(expected)
    for name, term in loss.terms.items():
        torch.testing.assert_close(term, expected[name])
    good = 0.3 * expected["image"] + 0.7 * expected["remade"]
    bad = 0.2 * expected["old"] + 0.8 * expected["pseudo"]
    torch.testing.assert_close(loss.total, good + bad)
    assert judge.trains == ("discriminator",)


def test_a_pseudo_anomaly_would_be_of_one_image(single: SingleModel, batch: Batch) -> None:
    for name in ("generator", "old_generator"):
        for parameter in single.networks[name].parameters():
            parameter.data.mul_(3)  # images then differ by more than rounding
    chosen = _stage(single, "discrimination")
    assert chosen.forward is not None
    shared = chosen.forward(single.model, batch)
    generator = single.networks["generator"].eval()
    old = shared["old"]
    for row in range(5):
        pair = (old[row] + old[row - 1]) / 2
        assert (pair - old[row]).abs().max() > 0.01
        assert (shared["pseudo"][row] - generator(pair[None])[0]).abs().max() < 1e-4
        assert (shared["pseudo"][row] - generator(old[row : row + 1])[0]).abs().max() > 1e-3


def test_the_stages_would_not_be_two_that_train_both_and_one_that_judges(
    single: SingleModel,
) -> None:
    early, refinement, discrimination = single.detector.stages()
    assert early.phases == refinement.phases  # so they share the optimizers' moments
    assert [phase.trains for phase in early.phases] == [("discriminator",), ("generator",)]
    assert early.begin is None and refinement.begin is not None and discrimination.begin is None
    three = SingleModel(NAME, {**SMALL, "discriminator_steps": 3}).detector.stages()[0]
    assert [phase.every for phase in three.phases] == [1, 3]


def test_the_old_generator_would_not_be_that_of_the_early_stages_end(
    make_trainer: MakeTrainer,
) -> None:
    assert stage_ends(detectors.stages(NAME), 4) == (1, 3, 4)
    trainer = make_trainer(detector=NAME, epochs=4)
    trainer.epoch()
    early = trainer.weights(0)
    for epoch in (2, 3, 4):
        before = trainer.weights(0)
        trainer.epoch()
        after = trainer.weights(0)
        for name, tensor in early.items():
            network, _, part = name.partition(".")
            if network == "generator":
                assert torch.equal(after[f"old_generator.{part}"], tensor)
        moved = {
            name.partition(".")[0]
            for name, tensor in after.items()
            if not torch.equal(tensor, before[name])
        }
        assert ("generator" in moved) == (epoch < 4)
        assert "discriminator" in moved


def test_the_score_would_not_be_the_verdict_on_the_reconstruction(single: SingleModel) -> None:
    images = some_images(4)
    networks = {name: network.eval() for name, network in single.networks.items()}
    with torch.no_grad():
        parts = single.detector.score_parts(single.model, images)
        remade = networks["generator"](images)
        verdict = networks["discriminator"](remade)[1]
    torch.testing.assert_close(parts["discriminator"], verdict)
    torch.testing.assert_close(parts["squared_error"], (images - remade).square().mean((1, 2, 3)))


def test_an_adversarial_loss_would_be_offered_that_there_is_not() -> None:
    offered = {each.name: each.choices for each in detectors.hyperparameters(NAME)}
    assert offered["adversarial"] == adversarial.NAMES


def test_it_would_not_tell_zeros_from_other_digits(digits: TrainingData) -> None:
    values = {"width": 8, "batch_normals": 16, "generator_lr": 5e-4}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=10)
    results = [trainer.epoch()[0] for _ in range(10)]
    assert results[-1].stage == "discrimination"
    assert results[-1].metrics["auroc"] == results[-1].metrics["auroc/discriminator"] > 0.85
