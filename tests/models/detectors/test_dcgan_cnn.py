"""The DCGAN's losses, and how what it makes reaches the classifier."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from models import detectors
from models.data.images import TrainingData
from models.detectors.stage import Batch
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME = "dcgan-cnn"
SMALL: dict[str, Any] = {"width": 4, "hidden": 8, "gan_width": 4, "latent": 5}
KINDS = {"normals": slice(0, 4), "anomalies": slice(4, 6)}


def _batch(each: int = 0) -> Batch:
    """4 normals and 2 anomalies; `each` random numbers of every kind to an image, 0 for one."""
    generator = torch.Generator().manual_seed(3)
    more = (each,) if each else ()
    shapes = {"noise": (5,), "augmentation": (3,), "dropout": (8,)}
    draws = {
        name: torch.rand(6, *more, *shape, generator=generator) for name, shape in shapes.items()
    }
    return Batch(images=some_images(6), normal_count=4, draws=draws)


@pytest.mark.parametrize("generates", list(KINDS))
def test_the_gan_would_learn_the_other_kind_or_have_its_targets_swapped(generates: str) -> None:
    single, batch = SingleModel(NAME, {**SMALL, "generates": generates}), _batch()
    stage = single.detector.stages()[0]
    judging, making = stage.phases
    assert (judging.trains, making.trains) == (("discriminator",), ("generator",))
    assert stage.forward is not None
    shared = stage.forward(single.model, batch)

    rows = KINDS[generates]
    made = single.networks["generator"](2 * batch.draws["noise"][rows] - 1)
    torch.testing.assert_close(shared["made"], made)
    together = single.networks["discriminator"](torch.cat([batch.images[rows], made]))[1]
    real, fake = together[: len(made)], together[len(made) :]
    judged = judging.loss(single.model, batch, shared)
    torch.testing.assert_close(judged.total, (F.softplus(-real) + F.softplus(fake)).mean())
    deceived = making.loss(single.model, batch, shared)
    torch.testing.assert_close(deceived.total, F.softplus(-fake).mean())


@pytest.mark.parametrize("generates", list(KINDS))
@pytest.mark.parametrize(("ratio", "counts"), [(0.5, (2, 1)), (2.0, (8, 4))])
def test_generated_images_would_be_of_another_label_or_number(
    generates: str, ratio: float, counts: tuple[int, int]
) -> None:
    values = {**SMALL, "generates": generates, "ratio": ratio, "dropout": 0.5}
    single, batch = SingleModel(NAME, values), _batch(each=3 if ratio > 1 else 2)
    stage = single.detector.stages()[1]
    each = {draw.name: draw.shape[0] for draw in stage.draws}
    assert each == dict.fromkeys(("noise", "augmentation", "dropout"), 3 if ratio > 1 else 2)
    (phase,) = stage.phases
    assert phase.trains == ("classifier",)
    loss = phase.loss(single.model, batch, {})

    count = counts[generates == "anomalies"]
    draws = {name: drawn.flatten(0, 1) for name, drawn in batch.draws.items()}
    made = single.networks["generator"](2 * draws["noise"][:count] - 1)
    normals, anomalies = batch.images[:4], batch.images[4:]
    if generates == "normals":
        normals = torch.cat([normals, made])
    else:
        anomalies = torch.cat([anomalies, made])
    labels = torch.tensor([0.0] * len(normals) + [1.0] * len(anomalies))
    kept = 2.0 * (draws["dropout"][: 6 + count] >= 0.5)
    logits = single.networks["classifier"](torch.cat([normals, anomalies]), kept)
    expected = F.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(loss.total, expected)


def test_a_ratio_of_zero_would_not_be_the_plain_network() -> None:
    single, batch = SingleModel(NAME, {**SMALL, "ratio": 0.0}), _batch(each=1)
    loss = single.detector.stages()[1].phases[0].loss(single.model, batch, {})
    plain = SingleModel("cnn", {"width": 4, "hidden": 8})
    plain.networks["classifier"].load_state_dict(single.networks["classifier"].state_dict())
    draws = {name: drawn[:, 0] for name, drawn in batch.draws.items()}
    alone = Batch(images=batch.images, normal_count=4, draws=draws)
    expected = plain.detector.stages()[0].phases[0].loss(plain.model, alone, {})
    assert torch.equal(loss.total, expected.total)


@pytest.mark.parametrize(("generates", "sign"), [("normals", -1.0), ("anomalies", 1.0)])
def test_the_first_stages_score_would_point_the_wrong_way(generates: str, sign: float) -> None:
    single = SingleModel(NAME, {**SMALL, "generates": generates})
    score_parts = single.detector.stages()[0].score_parts
    assert score_parts is not None
    images = some_images(3)
    logits = single.networks["discriminator"](images)[1]
    torch.testing.assert_close(score_parts(single.model, images)["discriminator"], sign * logits)


def test_the_classifiers_stage_would_train_the_gan_or_the_first_the_classifier(
    digits: TrainingData,
) -> None:
    values = {**SMALL, "batch_normals": 16, "batch_anomalies": 4}
    lane = Lane(hyperparameters=detectors.resolve(NAME, values), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=3)
    new = trainer.weights(0)
    trainer.epoch()
    trainer.epoch()
    made = trainer.weights(0)
    trainer.epoch()
    ended = trainer.weights(0)
    for name in new:
        of_classifier = name.startswith("classifier.")
        assert torch.equal(new[name], made[name]) == of_classifier, name
        assert torch.equal(made[name], ended[name]) != of_classifier, name


@pytest.mark.parametrize("generates", list(KINDS))
def test_digits_would_not_be_told_apart(digits: TrainingData, generates: str) -> None:
    values = {**SMALL, "gan_width": 8, "hidden": 32, "generates": generates}
    sizes = {"batch_normals": 16, "batch_anomalies": 4}
    lane = Lane(hyperparameters=detectors.resolve(NAME, {**values, **sizes}), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=12)
    for _ in range(12):
        result = trainer.epoch()[0]
    assert result.metrics["auroc"] == result.metrics["auroc/logit"] > 0.9
    made = trainer.fitted(0).generate(3)
    assert made is not None and made.shape == (3, 1, 16, 16)
