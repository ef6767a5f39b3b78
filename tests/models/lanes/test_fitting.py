"""What a detector computes from the fit normals reaches its own lane, in time, and no other."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Detector
from models.detectors.fit_view import FitView, evenly_spaced
from models.detectors.model import Model, Tensors
from models.fitted import FittedDetector
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
LEVEL = "fitted.level"
TWO: tuple[dict[str, Any], ...] = ({"learning_rate": 1e-3}, {"learning_rate": 3e-3})


def _fit(self: Detector, model: Model, normals: FitView) -> Tensors:
    """A value that depends on the lane's trained weights and on the images."""
    mean = normals.map(lambda images: images.mean((1, 2, 3))).mean()
    return {"level": model.tensors("encoder")["convs.1.weight"].sum((1, 2, 3)) + mean}


@pytest.fixture
def fitting(monkeypatch: pytest.MonkeyPatch) -> str:
    """The autoencoder with a score that needs a fit."""
    model = detectors.load("autoencoder")
    unfitted = model.score_parts

    def score_parts(self: Detector, model: Model, images: Tensor) -> Tensors:
        apart = (images.mean((1, 2, 3)) - model.fitted["level"].mean()).abs()
        return {name: part + apart for name, part in unfitted(self, model, images).items()}

    monkeypatch.setattr(model, "fit", _fit)
    monkeypatch.setattr(model, "score_parts", score_parts)
    return "autoencoder"


def _expected(weights: Tensors, data: TrainingData) -> torch.Tensor:
    normals = data.fit.images[~data.fit.anomalous]
    mean = (normals.float() / 127.5 - 1).mean()
    return weights["encoder.convs.1.weight"].sum((1, 2, 3)) + mean


def test_a_fit_would_be_of_weights_before_the_phases_or_of_anomalies_too(
    make_trainer: MakeTrainer, digits: TrainingData, fitting: str
) -> None:
    trainer = make_trainer(*TWO, detector=fitting)
    for _ in range(2):
        trainer.epoch()
        for lane in range(2):
            weights = trainer.weights(lane)
            torch.testing.assert_close(weights[LEVEL], _expected(weights, digits))


def test_validation_would_score_what_was_not_fitted(
    make_trainer: MakeTrainer, digits: TrainingData, fitting: str
) -> None:
    trainer = make_trainer(detector=fitting)
    result = trainer.epoch()[0]
    errors = trainer.fitted(0).score(digits.validation.images)
    normals, anomalies = errors[~digits.validation.anomalous], errors[digits.validation.anomalous]
    pairs = anomalies[:, None] - normals
    share = (pairs > 0).double().mean() + (pairs == 0).double().mean() / 2
    assert result.metrics["auroc"] == pytest.approx(float(share), abs=1e-3)


def test_a_lane_that_is_held_would_be_fitted(make_trainer: MakeTrainer, fitting: str) -> None:
    paused, straight = (make_trainer(*TWO, detector=fitting) for _ in "ab")
    expected = [straight.epoch() for _ in range(2)]
    paused.epoch()
    before = paused.weights(1)
    paused.epoch(active=[0])
    after = paused.weights(1)
    assert LEVEL in before and all(torch.equal(after[name], each) for name, each in before.items())
    assert paused.epoch(active=[1])[1].metrics == expected[1][1].metrics


def test_a_resumed_lane_would_differ_after_its_fit(make_trainer: MakeTrainer, fitting: str) -> None:
    straight = make_trainer(*TWO, detector=fitting)
    straight.epoch()
    file = io.BytesIO()
    torch.save([straight.state(lane) for lane in range(2)], file)
    file.seek(0)
    expected = straight.epoch()
    continued = make_trainer(*TWO, detector=fitting, first_seed=9)
    for lane, state in enumerate(torch.load(file, weights_only=True)):
        continued.load_state(lane, state)
    for lane, result in continued.epoch().items():
        assert result.metrics == expected[lane].metrics
        assert torch.equal(continued.weights(lane)[LEVEL], straight.weights(lane)[LEVEL])


def test_a_lane_that_is_loaded_would_keep_what_was_fitted_before(
    make_trainer: MakeTrainer, fitting: str
) -> None:
    trainer = make_trainer(*TWO, detector=fitting)
    trainer.epoch()
    trainer.load_state(0, trainer.state(1))
    assert LEVEL not in trainer.weights(0)
    assert LEVEL in trainer.weights(1)


def test_a_checkpoint_would_hold_what_is_computed_or_a_saved_detector_lack_it(
    make_trainer: MakeTrainer, digits: TrainingData, tmp_path: Path
) -> None:
    """Components of large images are megabytes, and the next epoch computes them anew."""
    trainer = make_trainer({"components": 8}, detector="pca")
    trainer.epoch()
    state = trainer.state(0)
    assert state["weights"] == {} and "fitted" not in str(state)
    fitted = trainer.fitted(0)
    assert set(fitted.weights) == {"fitted.mean", "fitted.components"}
    fitted.save(tmp_path)
    images = digits.validation.images
    assert torch.equal(FittedDetector.load(tmp_path).score(images), fitted.score(images))

    resumed = make_trainer({"components": 8}, detector="pca", first_seed=3)
    resumed.load_state(0, state)
    assert resumed.weights(0) == {}
    assert resumed.epoch()[0].metrics == trainer.epoch()[0].metrics


def test_a_lane_begun_anew_would_keep_what_was_fitted_before(
    make_trainer: MakeTrainer, fitting: str
) -> None:
    trainer = make_trainer(*TWO, detector=fitting)
    trainer.epoch()
    trainer.replace(1, trainer.lanes[0])  # type: ignore[arg-type]
    assert LEVEL in trainer.weights(0) and LEVEL not in trainer.weights(1)
    trainer.epoch(active=[0])
    assert LEVEL not in trainer.weights(1)


def test_fit_would_be_called_in_training_mode_or_with_gradients(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def fit(self: Detector, model: Model, normals: FitView) -> Tensors:
        modes = [module.training for module in model._modules.values()]
        seen.append((torch.is_grad_enabled(), any(modes), len(normals)))
        return {}

    monkeypatch.setattr(detectors.load("autoencoder"), "fit", fit)
    make_trainer(*TWO, detector="autoencoder").epoch()
    assert seen == [(False, False, 120)] * 2


def test_a_fit_that_goes_wrong_would_fail_other_lanes(
    make_trainer: MakeTrainer, fitting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fit(self: Detector, model: Model, normals: FitView) -> Tensors:
        calls.append(model)
        if len(calls) == 1:
            raise ArithmeticError("no fit today")
        return _fit(self, model, normals)

    well = make_trainer(*TWO, detector=fitting).epoch()
    monkeypatch.setattr(detectors.load(fitting), "fit", fit)
    trainer = make_trainer(*TWO, detector=fitting)
    results = trainer.epoch()
    assert str(results[0].error) == "no fit today" and not results[0].diverged
    assert results[1].metrics == well[1].metrics
    with pytest.raises(ValueError, match="no usable validation"):
        trainer.fitted(0)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_score_that_needs_a_fit_would_hide_why_there_is_none(
    make_trainer: MakeTrainer, fitting: str, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    def fit(self: Detector, model: Model, normals: FitView) -> Tensors:
        raise ArithmeticError("no fit today")

    with monkeypatch.context() as patch:
        patch.setattr(detectors.load(fitting), "fit", fit)
        trainer = make_trainer(*TWO[:lanes], detector=fitting)
        results = trainer.epoch()
    for result in results.values():
        assert str(result.error) == "no fit today" and not result.diverged
        assert result.epoch == 1 and result.metrics == {}
    assert all(result.error is None for result in trainer.epoch().values())


def test_running_out_of_memory_would_be_one_lanes_own(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(self: Detector, model: Model, normals: FitView) -> Tensors:
        raise MemoryError

    monkeypatch.setattr(detectors.load("autoencoder"), "fit", fit)
    with pytest.raises(MemoryError):
        make_trainer({}, detector="autoencoder").epoch()


def test_without_stages_every_epoch_would_be_fitted_again(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, calls = detectors.load("pca"), []
    fit = model.fit

    def counted(self: Detector, model: Model, normals: FitView) -> Tensors:
        calls.append(1)
        return fit(self, model, normals)

    monkeypatch.setattr(model, "fit", counted)
    trainer = make_trainer({}, {}, detector="pca")
    first = trainer.epoch(active=[0])[0]
    assert trainer.weights(1) == {}
    both = trainer.epoch()
    assert both[0].metrics == both[1].metrics == first.metrics
    assert len(calls) == 2


def test_a_limited_view_would_be_the_first_images_or_too_many() -> None:
    images = torch.arange(10, dtype=torch.uint8)[:, None, None, None]
    assert evenly_spaced(images, 4).flatten().tolist() == [0, 2, 5, 7]
    view = FitView(images)
    assert torch.equal(view.images(10), images) and torch.equal(view.images(), images)
    assert len(view.images(3)) == 3


def test_a_view_would_lose_the_order_or_images_between_chunks() -> None:
    images = torch.arange(600).remainder(251).to(torch.uint8).view(600, 1, 1, 1)
    seen = []

    def function(chunk: torch.Tensor) -> torch.Tensor:
        seen.append(len(chunk))
        return chunk[:, 0, 0, 0]

    assert torch.equal(FitView(images).map(function), images[:, 0, 0, 0] / 127.5 - 1)
    assert len(seen) > 1 and sum(seen) == 600
