"""What a detector computes from the fit normals reaches its own lane, in time, and no other."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Networks, Tensors
from models.detectors.fit_view import FitView, evenly_spaced
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
BUFFER = "encoder.norms.0.running_mean"
TWO: tuple[dict[str, Any], ...] = ({"learning_rate": 1e-3}, {"learning_rate": 3e-3})


def _fit(networks: Networks, normals: FitView) -> Tensors:
    """A value that depends on the lane's trained weights and on the images."""
    mean = normals.map(lambda images: images.mean((1, 2, 3))).mean()
    return {BUFFER: networks.tensors("encoder")["convs.1.weight"].sum((1, 2, 3)) + mean}


@pytest.fixture
def fitting(monkeypatch: pytest.MonkeyPatch) -> str:
    """The autoencoder with a fit that replaces statistics of its encoder."""
    model = detectors.load("autoencoder")
    monkeypatch.setattr(model, "fit", _fit)
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
            torch.testing.assert_close(weights[BUFFER], _expected(weights, digits))


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
    before = paused.state(1)
    paused.epoch(active=[0])
    after = paused.state(1)
    assert all(
        torch.equal(after["weights"][name], each) for name, each in before["weights"].items()
    )
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
        assert torch.equal(continued.weights(lane)[BUFFER], straight.weights(lane)[BUFFER])


def test_fit_would_be_called_in_training_mode_or_with_gradients(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def fit(networks: Networks, normals: FitView) -> Tensors:
        modes = [module.training for module in networks._modules.values()]
        seen.append((torch.is_grad_enabled(), any(modes), len(normals)))
        return {}

    monkeypatch.setattr(detectors.load("autoencoder"), "fit", fit)
    make_trainer(*TWO, detector="autoencoder").epoch()
    assert seen == [(False, False, 120)] * 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({BUFFER: torch.zeros(3)}, rf"fit gives {BUFFER} the shape \[3\], its buffer has \[8\]"),
        ({"encoder.mean": torch.zeros(8)}, "unknown buffer given by fit: 'encoder.mean'; allowed:"),
    ],
)
def test_a_fit_that_goes_wrong_would_fail_other_lanes(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, given: Tensors, message: str
) -> None:
    calls = []

    def fit(networks: Networks, normals: FitView) -> Tensors:
        calls.append(networks)
        return given if len(calls) == 1 else {}

    well = make_trainer(*TWO, detector="autoencoder").epoch()
    monkeypatch.setattr(detectors.load("autoencoder"), "fit", fit)
    trainer = make_trainer(*TWO, detector="autoencoder")
    results = trainer.epoch()
    with pytest.raises(ValueError, match=message):
        raise results[0].error or AssertionError("no error")
    assert results[1].metrics == well[1].metrics
    with pytest.raises(ValueError, match="no usable validation"):
        trainer.fitted(0)


def test_running_out_of_memory_would_be_one_lanes_own(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(networks: Networks, normals: FitView) -> Tensors:
        raise MemoryError

    monkeypatch.setattr(detectors.load("autoencoder"), "fit", fit)
    with pytest.raises(MemoryError):
        make_trainer({}, detector="autoencoder").epoch()


def test_without_phases_every_epoch_would_be_fitted_again(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, calls = detectors.load("pca"), []
    fit = model.fit

    def counted(networks: Networks, normals: FitView) -> Tensors:
        calls.append(1)
        return fit(networks, normals)

    monkeypatch.setattr(model, "fit", counted)
    trainer = make_trainer({}, {}, detector="pca")
    first = trainer.epoch(active=[0])[0]
    assert trainer.weights(1)["pca.components"].abs().max() == 0
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
