"""The principal components against scikit-learn's own and against what they must do."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from models import detectors
from models.data.images import LabelledImages, TrainingData
from models.data.preprocessing import Preprocessing
from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.pca import detector as pca
from models.lanes.lane import Lane
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]


def _colour(count: int, size: int = 8, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), generator=generator, dtype=torch.uint8)


def _fit(images: torch.Tensor, components: int) -> Tensors:
    """What a fit of these normals gives."""
    return _made(images, components).fit(_model(), FitView(images))


def _made(images: torch.Tensor, components: int) -> Detector:
    channels, size = images.shape[1:3]
    return detectors.make("pca", {"components": components}, channels, size)


def _model(fitted: Tensors | None = None) -> Model:
    return Model({}, {}, {}, {}, fitted)


def _flat(images: torch.Tensor) -> np.ndarray:
    return (images.double() / 127.5 - 1).flatten(1).numpy()


def test_errors_would_not_be_those_of_scikit_learns_reconstruction() -> None:
    fit, other = _colour(90), _colour(20, seed=1)
    labels = torch.arange(30) >= 10
    data = TrainingData(
        fit=LabelledImages(images=fit, anomalous=torch.zeros(90).bool(), classes=torch.zeros(90)),
        validation=LabelledImages(
            images=torch.cat([other[:10], other]), anomalous=labels, classes=labels.long()
        ),
        preprocessing=Preprocessing(size=8, channels=3),
    )
    lane = Lane(hyperparameters=detectors.resolve("pca", {"components": 5}), seed=0)
    trainer = Trainer("pca", data, [lane], device="cpu")
    trainer.epoch()
    fitted = trainer.fitted(0)

    oracle = PCA(5, svd_solver="full").fit(_flat(fit))
    remade = oracle.inverse_transform(oracle.transform(_flat(other))).clip(-1, 1)
    difference = _flat(other) - remade
    parts = fitted.score_parts(other)
    assert set(parts) == {"error", "squared_error"}  # no patches at 8 x 8
    np.testing.assert_allclose(parts["error"], np.abs(difference).mean(1), rtol=1e-3)
    np.testing.assert_allclose(parts["squared_error"], (difference**2).mean(1), rtol=1e-3)
    assert torch.equal(fitted.score(other), parts["squared_error"].double())
    ours = fitted.reconstruct(other)
    assert ours is not None
    np.testing.assert_allclose(ours.flatten(1), remade, atol=1e-3)


def test_anomalies_would_be_learned_or_not_told_apart(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer({"components": 20}, detector="pca")
    result = trainer.epoch()[0]
    assert result.losses == {} and not result.diverged
    assert result.metrics["auroc"] == result.metrics["auroc/squared_error"] > 0.95
    # 30 anomalies are among the fit images; only the normals may shape the mean.
    normals = trainer._fit.images[:120]
    np.testing.assert_allclose(trainer.weights(0)["fitted.mean"], _flat(normals).mean(0), atol=1e-5)


def test_fewer_images_than_components_would_give_directions_of_rounding() -> None:
    images = _colour(6)
    components = _fit(images, 64)["components"].double()
    lengths = components.square().sum(1)
    assert components.shape == (64, 192)
    torch.testing.assert_close(lengths, (torch.arange(64) < 5).double(), rtol=1e-5, atol=1e-5)
    rest = torch.from_numpy(_flat(images) - _flat(images).mean(0))
    left = rest - rest @ components.T @ components
    assert left.abs().max() < 1e-5


def test_a_reconstruction_would_leave_the_range_of_images() -> None:
    ramp = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    fit = (127.5 + ramp * torch.linspace(-50, 50, 20)[:, None, None, None]).to(torch.uint8)
    fitted = _fit(fit, 1)
    step = ramp.sign()
    component, mean = fitted["components"][0], fitted["mean"]
    free = ((step.flatten() - mean) @ component) * component + mean
    assert free.max() > 1.2
    remade = _made(fit, 1).reconstruct(_model(fitted), step)
    torch.testing.assert_close(remade, free.clamp(-1, 1).view(1, 1, 8, 8))


@pytest.mark.parametrize("count", [1, 40])
def test_images_that_are_all_the_same_would_give_numbers_that_are_none(count: int) -> None:
    fitted = _fit(_colour(1).expand(count, -1, -1, -1), 8)
    np.testing.assert_allclose(fitted["mean"], _flat(_colour(1))[0], atol=1e-5)
    assert fitted["components"].abs().max() == 0


def test_more_components_than_pixels_would_be_kept() -> None:
    assert _fit(_colour(5, size=2), 1024)["components"].shape == (12, 12)


def test_a_fit_of_many_images_would_take_all_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    images, seen = _colour(100), []
    principal = pca._principal

    def counted(values: pca.Floats, most: int) -> tuple[pca.Floats, pca.Floats]:
        seen.append(values.shape)
        return principal(values, most)

    monkeypatch.setattr(pca, "_MOST_FLOATS", 192 * 50)
    monkeypatch.setattr(pca, "_principal", counted)
    limited = _fit(images, 4)
    assert seen == [(50, 192)]
    np.testing.assert_allclose(limited["mean"], _flat(images[::2]).mean(0), atol=1e-5)


def test_the_same_images_would_give_other_bits() -> None:
    images = _colour(700, size=16)  # large enough for the randomised decomposition
    before = torch.get_num_threads()
    first = _fit(images, 16)
    torch.set_num_threads(2)
    try:
        second = _fit(images, 16)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_score_that_an_image_size_lacks_would_end_in_a_riddle(digits: TrainingData) -> None:
    small = replace(
        digits,
        fit=replace(digits.fit, images=digits.fit.images[..., ::2, ::2]),
        validation=replace(digits.validation, images=digits.validation.images[..., ::2, ::2]),
        preprocessing=Preprocessing(size=8, channels=1),
    )
    values = detectors.resolve("pca", {"score": "worst_patch"})
    trainer = Trainer("pca", small, [Lane(hyperparameters=values, seed=0)], device="cpu")
    error = trainer.epoch()[0].error
    assert "'worst_patch'; allowed: error, squared_error, mixture" in str(error)
