import dataclasses
import io
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Detector
from models.evaluation import metrics
from models.evaluation.label_free import criteria
from models.evaluation.mixture import thresholds_of
from models.lanes.lane import Lane
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
GAN = "two-discriminator-gan"
UNEQUAL: tuple[dict[str, Any], ...] = (
    {},
    {"patch_n": 1, "patch_weight": 4.0, "generator_lr": 4e-4},
    {"abc_weight": 3.0, "discriminator_lr": 5e-4, "beta1": 0.9},
)


def _one_step(trainer: Trainer) -> None:
    """A single training step, without the rest of the epoch."""
    trainer.whole().steps_of(1)()


def test_the_generators_phase_leaves_the_discriminators_statistics(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer()
    _one_step(trainer)
    counts = {
        name.split(".")[0]: int(tensor)
        for name, tensor in trainer.weights(0).items()
        if name.endswith("num_batches_tracked")
    }
    # The encoder runs twice in a step, but counts one; a discriminator counts real and fake.
    assert counts == {
        "encoder": 1,
        "decoder": 1,
        "normal_discriminator": 2,
        "anomaly_discriminator": 2,
    }


def test_lanes_equal_training_alone(make_trainer: MakeTrainer) -> None:
    together = make_trainer(*UNEQUAL)
    for _ in range(4):
        _one_step(together)
    for lane, values in enumerate(UNEQUAL):
        alone = make_trainer(values, first_seed=lane)
        for _ in range(4):
            _one_step(alone)
        for name, tensor in alone.weights(0).items():
            torch.testing.assert_close(
                together.weights(lane)[name],
                tensor,
                rtol=1e-3,
                atol=2e-5,
                msg=lambda m: f"{name}: {m}",  # noqa: B023
            )


def test_a_lane_that_is_not_finite_is_an_island(make_trainer: MakeTrainer) -> None:
    sick, well = make_trainer(*UNEQUAL), make_trainer(*UNEQUAL)
    state = sick.state(1)
    state["weights"]["encoder.convs.1.weight"][0, 0, 0, 0] = math.nan
    sick.load_state(1, state)
    results, expected = sick.epoch(), well.epoch()
    assert [result.diverged for result in results.values()] == [False, True, False]
    assert results[1].metrics == {}
    for lane in (0, 2):
        assert results[lane].losses == expected[lane].losses
        assert results[lane].metrics == expected[lane].metrics


def test_scores_that_are_all_the_same_count_as_diverged(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    same = trainer._images.validation[:1].expand(200, -1, -1, -1)
    trainer._images = dataclasses.replace(trainer._images, validation=same)
    assert trainer.epoch()[0].diverged
    with pytest.raises(ValueError, match="no usable validation"):
        trainer.fitted(0)


def test_continued_training_is_bit_equal(make_trainer: MakeTrainer) -> None:
    straight = make_trainer(*UNEQUAL)
    straight.epoch()
    buffer = io.BytesIO()
    torch.save([straight.state(lane) for lane in range(3)], buffer)
    buffer.seek(0)
    expected = straight.epoch()

    continued = make_trainer(*UNEQUAL, first_seed=50)
    for lane, state in enumerate(torch.load(buffer, weights_only=True)):
        continued.load_state(lane, state)
    for result, wanted in zip(continued.epoch().values(), expected.values(), strict=True):
        assert (result.epoch, result.losses) == (wanted.epoch, wanted.losses)
        assert result.metrics == wanted.metrics
    for lane in range(3):
        for name, tensor in straight.weights(lane).items():
            assert torch.equal(continued.weights(lane)[name], tensor), name


def test_a_replaced_lane_is_as_if_it_had_started_there(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer({}, {})
    trainer.epoch()
    values = detectors.resolve(GAN, {**trainer.lanes[0].hyperparameters, "patch_weight": 3.0})
    trainer.replace(1, Lane(hyperparameters=values, seed=7))
    fresh = make_trainer({}, {"patch_weight": 3.0}, first_seed=6)
    first, second = trainer.epoch().values()
    assert (first.epoch, second.epoch) == (2, 1)
    assert second.losses == fresh.epoch()[1].losses


def test_a_lane_that_was_left_empty_would_train_on(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer({}, {})
    trainer.release(0)
    assert set(trainer.epoch()) == {1}
    with pytest.raises(ValueError, match="lane 0 cannot train"):
        trainer.epoch([0])


def test_a_lane_would_be_saved_with_the_threshold_of_what_it_was_before(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer({}, {})
    trainer.epoch()
    trainer.fitted(0), trainer.fitted(1)
    trainer.load_state(0, trainer.state(0))
    other = trainer.lanes[1]
    assert other is not None
    trainer.replace(1, dataclasses.replace(other, seed=9))
    for lane in range(2):
        with pytest.raises(ValueError, match="no usable validation: train an epoch first"):
            trainer.fitted(lane)


def test_another_seed_of_the_data_would_give_the_same_order_of_images(
    make_trainer: MakeTrainer,
) -> None:
    first, again, other = (
        make_trainer(data_seed=seed).whole().fit.orders([0]) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_lanes_must_agree_on_structure(make_trainer: MakeTrainer) -> None:
    with pytest.raises(ValueError, match="agree on width: one has 4, another 8"):
        make_trainer({}, {"width": 8})
    trainer = make_trainer()
    with pytest.raises(ValueError, match="agree on width"):
        trainer.replace(
            0, Lane(hyperparameters={**trainer.lanes[0].hyperparameters, "width": 8}, seed=0)
        )


def test_networks_would_be_shaped_by_what_lanes_do_not_share(
    make_trainer: MakeTrainer, digits: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, given = detectors.load(GAN), []
    made = model.__init__

    def seen(self: Detector, structure: Any, channels: int, size: int) -> None:
        given.append(set(structure))
        made(self, structure, channels, size)

    monkeypatch.setattr(model, "__init__", seen)
    trainer = make_trainer()
    trainer.epoch()
    trainer.fitted(0).score(digits.validation.images[:2])
    structural = {each.name for each in detectors.hyperparameters(GAN) if each.structural}
    assert len(given) >= 2 and all(each == structural for each in given)


_CURVE = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
import conftest
from models import detectors
from models.lanes.lane import Lane
from models.trainer import Trainer
digits = conftest.digits.__wrapped__()
values = detectors.resolve(conftest.GAN, conftest.SMALL)
lanes = [Lane(hyperparameters=values, seed=0)]
trainer = Trainer(conftest.GAN, digits, lanes, device="cpu", precision="float32")
print([trainer.epoch()[0].losses for _ in range(2)])
"""


def test_the_same_seed_gives_the_same_curve_in_another_process(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    here = str([trainer.epoch()[0].losses for _ in range(2)])
    command = [sys.executable, "-c", _CURVE, str(Path(__file__).parent)]
    there = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert there == here


@pytest.mark.parametrize("score", ["mixture", "error"])
def test_a_kept_detector_would_score_or_decide_otherwise_than_its_training(
    make_trainer: MakeTrainer, digits: TrainingData, score: str
) -> None:
    """Its threshold is where a regression on its own scores of the validation images says half."""
    trainer = make_trainer({}, {"score": score})
    result = trainer.epoch()[1]
    fitted = trainer.fitted(1)
    scores = fitted.score(digits.validation.images)
    anomalous = digits.validation.anomalous
    assert fitted.threshold == pytest.approx(
        float(thresholds_of(scores[None], anomalous)), rel=1e-4
    )
    assert fitted.threshold == result.metrics["threshold"]
    auroc = metrics.auroc(anomalous.numpy(), scores.numpy())
    # The mixture is judged on images that its regression has not seen.
    assert auroc == pytest.approx(result.metrics["auroc"], abs=0.05 if score == "mixture" else 1e-6)


def test_metrics_name_every_score_part(make_trainer: MakeTrainer) -> None:
    result = make_trainer({"score": "mixture"}).epoch()[0]
    assert {"auroc", "auprc", "threshold", "f1", "accuracy"} <= set(result.metrics)
    assert result.metrics["auroc"] == result.metrics["auroc/mixture"]
    assert result.metrics["auroc/error"] != result.metrics["auroc/patch"]
    assert result.epoch == 1 and result.images_per_second > 0


def test_bfloat16_trains_and_is_not_float32(make_trainer: MakeTrainer) -> None:
    narrow, wide = make_trainer(precision="bfloat16"), make_trainer()
    first, second = narrow.epoch()[0], wide.epoch()[0]
    assert first.losses["abc"] != second.losses["abc"]
    assert first.losses["abc"] == pytest.approx(second.losses["abc"], rel=0.05)


def test_a_lane_would_not_be_judged_by_noise_where_there_is_some(
    make_trainer: MakeTrainer, digits: TrainingData
) -> None:
    noise = torch.randint(0, 256, (40, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    trainer, plain = (make_trainer({}, detector="autoencoder") for _ in "ab")
    data = dataclasses.replace(digits, synthetic=True, noise=noise.to(torch.uint8))
    ours = Trainer("autoencoder", data, trainer.lanes, device="cpu", precision="float32")
    result, expected = ours.epoch()[0], plain.epoch()[0]
    assert set(result.metrics) - set(expected.metrics) == {"npd", "rtm", "eag"}
    assert result.metrics["auroc"] == expected.metrics["auroc"]
    fitted = ours.fitted(0)
    normals = fitted.score(digits.validation.images[~digits.validation.anomalous])
    wanted = criteria(normals[None], fitted.score(data.noise)[None])  # type: ignore[arg-type]
    assert result.metrics["npd"] == pytest.approx(float(wanted["npd"]), rel=1e-3)
    passing = normals <= fitted.threshold
    assert float(passing.double().mean()) == pytest.approx(0.95, abs=0.02)
