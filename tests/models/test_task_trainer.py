"""One configuration on several tasks: each is trained as if it were alone."""

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.lanes.lane import Lane
from models.task_trainer import TaskFailed, TaskTrainer, make_trainer
from models.trainer import Trainer
from tests.models.conftest import GAN, SMALL

Tasks = Mapping[str, TrainingData]


def lane(**values: Any) -> Lane:
    return Lane(hyperparameters=detectors.resolve(GAN, {**SMALL, **values}), seed=7)


@pytest.fixture
def tasks(digits: TrainingData) -> Tasks:
    """The second task has fewer images, turned upside down, so that its figures are others."""

    def turned(images: LabelledImages, kept: int) -> LabelledImages:
        rows = torch.cat([torch.arange(kept), torch.arange(kept, len(images.images))[-20:]])
        return replace(
            images,
            images=images.images[rows].flip(2),
            anomalous=images.anomalous[rows],
            classes=images.classes[rows],
        )

    other = replace(digits, fit=turned(digits.fit, 64), validation=turned(digits.validation, 40))
    return {"zero": digits, "turned": other}


def alone(tasks: Tasks) -> list[Trainer]:
    return [Trainer(GAN, data, [lane()], data_seed=3) for data in tasks.values()]


def both(tasks: Tasks) -> TaskTrainer:
    return TaskTrainer(GAN, tasks, [lane()], data_seed=3)


def test_an_epoch_would_not_be_the_mean_of_the_tasks_alone(tasks: Tasks) -> None:
    together, apart = both(tasks), alone(tasks)
    for epoch in (1, 2):
        found, single = together.epoch()[0], [each.epoch()[0] for each in apart]
        assert found.epoch == epoch
        errors = [one.metrics.pop("auroc_se") for one in single]
        assert found.metrics["auroc_se"] == math.fsum(errors) / 2
        for name in single[0].metrics:
            assert found.metrics[name] == sum(one.metrics[name] for one in single) / 2
        for name in single[0].losses:
            assert found.losses[name] == sum(one.losses[name] for one in single) / 2
        aurocs = [one.metrics["auroc"] for one in single]
        assert aurocs[0] != aurocs[1]
        assert found.metrics["worst_auroc"] == min(aurocs)
    for detector, trainer in zip(together.fitted(0).detectors, apart, strict=True):
        expected = trainer.fitted(0)
        assert detector.threshold == expected.threshold
        assert all(torch.equal(expected.weights[k], v) for k, v in detector.weights.items())


def test_a_trial_that_goes_on_would_train_otherwise(tasks: Tasks) -> None:
    straight = both(tasks)
    straight.epoch()
    stored = io.BytesIO()
    torch.save(straight.state(0), stored)
    stored.seek(0)
    resumed = both(tasks)
    resumed.load_state(0, torch.load(stored, weights_only=True))
    expected, found = straight.epoch()[0], resumed.epoch()[0]
    assert (found.epoch, found.metrics, found.losses) == (2, expected.metrics, expected.losses)


def test_another_configuration_in_the_same_place_would_be_trained_differently(
    tasks: Tasks,
) -> None:
    used = TaskTrainer(GAN, tasks, [lane(generator_lr=1e-3)], data_seed=3)
    used.epoch()
    used.release(0)
    used.replace(0, lane())
    assert used.epoch()[0].metrics == both(tasks).epoch()[0].metrics


def test_a_class_that_diverges_would_be_left_out_of_the_mean(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = both(tasks)
    last = list(together._trainers.values())[1]
    epoch = Trainer.epoch

    def diverging(trainer: Trainer, active: Any = None) -> Any:
        found = epoch(trainer, active)
        gone = {0: replace(found[0], metrics={}, diverged=True)}
        return gone if trainer is last else found

    monkeypatch.setattr(Trainer, "epoch", diverging)
    found = together.epoch()[0]
    assert found.diverged
    assert found.metrics == {}


def test_an_error_would_not_name_its_class(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    together = both(tasks)
    last = list(together._trainers.values())[1]
    epoch = Trainer.epoch

    def failing(trainer: Trainer, active: Any = None) -> Any:
        found = epoch(trainer, active)
        return {0: replace(found[0], error=KeyError("part"))} if trainer is last else found

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "epoch", failing)
        found = together.epoch()[0]
    assert str(found.error) == "normal turned: KeyError: 'part'"
    assert not found.diverged and found.metrics == {}

    def raising(trainer: Trainer, active: Any = None) -> Any:
        raise problem

    monkeypatch.setattr(Trainer, "epoch", raising)
    problem: Exception = ValueError("no such batch")
    with pytest.raises(TaskFailed, match="normal zero: ValueError: no such batch"):
        together.epoch()
    problem = MemoryError("all is taken")
    with pytest.raises(MemoryError, match="all is taken"):
        together.epoch()


def test_the_files_of_one_class_would_replace_those_of_another(tasks: Tasks) -> None:
    together = both(tasks)
    together.epoch()
    fitted = together.fitted(0)
    names = list(fitted.detectors[0].files())
    assert list(fitted.files()) == [f"{n}/{name}" for n in (0, 1) for name in names]
    assert fitted.files()["1/config.json"] == fitted.detectors[1].files()["config.json"]


def test_a_single_task_would_not_be_trained_as_before(digits: TrainingData) -> None:
    assert isinstance(make_trainer(GAN, {"zero": digits}, [lane()], data_seed=0), Trainer)
