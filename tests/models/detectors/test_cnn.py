"""The supervised network: its layers, its loss, and what is done to images and units at random."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from models import detectors
from models.data.images import TrainingData
from models.detectors.augmentation import augmented
from models.detectors.cnn.networks import Classifier, blocks_of
from models.detectors.stage import Batch, RMSprop
from models.lanes.lane import Lane
from models.networks.dropout import dropout_factors
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "cnn"
SMALL: dict[str, Any] = {"width": 4, "hidden": 8}


@pytest.mark.parametrize(("size", "expected"), [(200, 360_097), (256, 687_777)])
def test_the_network_would_not_have_the_studys_parameters(size: int, expected: int) -> None:
    network = Classifier(3, 16, size, 5, 256)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize(
    ("size", "blocks", "side"), [(16, 1, 7), (32, 2, 6), (64, 3, 6), (128, 4, 6), (256, 5, 6)]
)
def test_an_image_size_would_have_other_blocks(size: int, blocks: int, side: int) -> None:
    assert blocks_of(size) == blocks
    network = Classifier(1, 2, size, blocks, 3)
    assert network.trunk(torch.zeros(1, 1, size, size)).shape[2:] == (side, side)
    assert network(torch.zeros(2, 1, size, size)).shape == (2,)


def _chances(kind: float, count: int) -> dict[str, torch.Tensor]:
    return {"augmentation": torch.full((count, 3), kind), "dropout": torch.full((count, 8), kind)}


def test_the_loss_would_not_be_the_weighted_cross_entropy() -> None:
    single = SingleModel(NAME, {**SMALL, "pos_weight": 3.0})
    images = some_images(7)
    (phase,) = single.detector.stages()[0].phases
    batch = Batch(images=images, normal_count=5, draws=_chances(0.9, 7))
    loss = phase.loss(single.model, batch, {})
    logits = single.networks["classifier"](images)
    labels = torch.tensor([0.0] * 5 + [1.0] * 2)
    weight = torch.tensor(3.0)
    expected = F.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)
    torch.testing.assert_close(loss.total, expected)
    each = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    torch.testing.assert_close(loss.terms["normal"], each[:5].mean())
    torch.testing.assert_close(loss.terms["anomaly"], each[5:].mean())


def test_dropout_or_augmentation_would_not_reach_the_loss_or_reach_the_score() -> None:
    single = SingleModel(NAME, {**SMALL, "dropout": 0.5, "augmentation": "flip"})
    images = some_images(4)
    stage = single.detector.stages()[0]
    assert {draw.name: draw.shape for draw in stage.draws} == {
        "augmentation": (3,),
        "dropout": (8,),
    }
    assert all(draw.kind == "uniform" for draw in stage.draws)
    draws = _chances(0.0, 4)
    draws["dropout"][:, ::2] = 0.7
    loss = stage.phases[0].loss(single.model, Batch(images=images, normal_count=2, draws=draws), {})
    network = single.networks["classifier"]
    assert isinstance(network, Classifier)
    code = network.trunk((images.flip(-1) + 1) / 2).flatten(1)
    kept = 2.0 * (draws["dropout"] > 0.5)
    logits = network.last(torch.relu(network.hidden(code)) * kept)[:, 0]
    torch.testing.assert_close(loss.terms["normal"], F.softplus(logits[:2]).mean())
    torch.testing.assert_close(loss.terms["anomaly"], F.softplus(-logits[2:]).mean())

    parts = single.detector.score_parts(single.model, images)
    torch.testing.assert_close(parts["logit"], network(images))
    torch.testing.assert_close(parts["probability"], network(images).sigmoid())


def test_kept_units_would_not_make_up_for_those_left_out() -> None:
    uniform = torch.rand(200, 500, generator=torch.Generator().manual_seed(0))
    kept = dropout_factors(uniform, torch.tensor(0.4))
    assert sorted(set(kept.flatten().tolist())) == pytest.approx([0, 1 / 0.6])
    assert kept.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout_factors(uniform, torch.tensor(0.0)), torch.ones(200, 500))


def test_an_image_would_be_turned_in_fewer_than_eight_ways_or_come_to_harm() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    choices = torch.cartesian_prod(*[torch.tensor([0.2, 0.7])] * 3)
    turned = augmented(image.expand(8, -1, -1, -1), choices, "flip+rot")
    own = {tuple(row.flatten().tolist()) for row in turned}
    ways = [
        torch.rot90(seen, turns, (-2, -1)) for seen in (image, image.flip(-1)) for turns in range(4)
    ]
    assert own == {tuple(way.flatten().tolist()) for way in ways}
    mirrored = augmented(image.expand(8, -1, -1, -1), choices, "flip")
    for seen, (chance, _, _) in zip(mirrored, choices, strict=True):
        assert torch.equal(seen, image[0].flip(-1) if chance < 0.5 else image[0])
    assert augmented(image, choices[:1], "none") is image


def test_the_optimizer_would_not_be_the_studys() -> None:
    (phase,) = SingleModel(NAME, SMALL).detector.stages()[0].phases
    assert isinstance(phase.optimizer, RMSprop)
    assert detectors.resolve(NAME, {})["learning_rate"] == 1e-3


def test_digits_would_not_be_told_apart(digits: TrainingData) -> None:
    values = {**SMALL, "hidden": 32, "batch_normals": 16, "batch_anomalies": 4, "dropout": 0.2}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=6)
    for _ in range(6):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] == result.metrics["auroc/logit"] > 0.95
