"""What the DCGAN has of the two-discriminator GAN, and where it differs."""

import torch

from models import detectors
from models.data.images import TrainingData
from models.lanes.lane import Lane
from models.trainer import Trainer
from tests.models.detectors.single_model import SingleModel, some_images

NAME, KIM = "dcgan", "two-discriminator-gan"


def test_the_generator_would_have_skips() -> None:
    networks = detectors.make(NAME, detectors.resolve(NAME, {}), 1, 32).networks()
    generator = [p.numel() for name in ("encoder", "decoder") for p in networks[name].parameters()]
    assert sum(generator) == 5_509_760
    small = SingleModel(NAME, {"width": 4}).networks
    features = small["encoder"](some_images(3))
    remade = small["decoder"](features)
    blank = [torch.zeros_like(each) for each in features[:-1]]
    torch.testing.assert_close(small["decoder"]([*blank, features[-1]]), remade)


def test_a_hyperparameter_of_the_papers_losses_would_be_missing_or_have_another_range() -> None:
    own = {each.name: each for each in detectors.hyperparameters(NAME)}
    kim = {each.name: each for each in detectors.hyperparameters(KIM)}
    assert list(own) == list(kim)
    changed = {name for name, each in own.items() if each.default != kim[name].default}
    assert changed == {"generator_lr", "discriminator_lr", "batch_normals", "score"}
    for name in kim.keys() - {"score"}:
        assert (own[name].low, own[name].high) == (kim[name].low, kim[name].high)
    batch = int(own["batch_normals"].default) + int(own["batch_anomalies"].default)
    assert batch == 32
    published = detectors.published(KIM)["W1"]
    assert {name: own[name].default for name in published} == published


def test_it_would_not_tell_zeros_from_other_digits_by_squared_errors(digits: TrainingData) -> None:
    lane = Lane(hyperparameters=detectors.resolve(NAME, {"width": 8}), seed=0)
    trainer = Trainer(NAME, digits, [lane], device="cpu", precision="float32", epochs=8)
    metrics = [trainer.epoch()[0].metrics for _ in range(8)][-1]
    assert metrics["auroc"] == metrics["auroc/squared_error"] > 0.98
