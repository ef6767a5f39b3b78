"""What a trained detector says of images: on which scale, and of those that it cannot score."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data.images import TrainingData
from models.data.preprocessing import Preprocessing
from models.fitted import FittedDetector
from models.trainer import Trainer


@pytest.fixture
def fitted(make_trainer: Callable[..., Trainer]) -> FittedDetector:
    trainer = make_trainer(detector="autoencoder")
    trainer.epoch()
    return trainer.fitted(0)


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (torch.rand(2, 1, 16, 16), r"a float32 tensor \[2, 1, 16, 16\]"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), r"a uint8 tensor \[2, 1, 28, 28\]"),
        (torch.zeros(2, 16, 16, dtype=torch.uint8), r"a uint8 tensor \[2, 16, 16\]"),
        (torch.zeros(2, 1, 16, 16, dtype=torch.uint8).numpy(), "a numpy.ndarray"),
        ([[0]], "a list"),
    ],
)
@pytest.mark.parametrize("method", ["score", "score_parts", "reconstruct", "anomaly_maps"])
def test_images_of_another_kind_would_be_scored(
    fitted: FittedDetector, images: object, got: str, method: str
) -> None:
    wanted = rf"images must be a uint8 tensor \[N, 1, 16, 16\], got {got}"
    with pytest.raises(ValueError, match=wanted):
        getattr(fitted, method)(images)


def test_a_folder_without_a_detector_would_only_name_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"holds no trained detector: it has no config.json"
    ):
        FittedDetector.load(tmp_path)


def test_maps_would_have_another_scale_for_every_image(
    make_trainer: Callable[..., Trainer], digits: TrainingData
) -> None:
    trainer = make_trainer({"components": 8}, detector="pca")
    trainer.epoch()
    fitted = trainer.fitted(0)
    normals = digits.validation.images[~digits.validation.anomalous]
    maps = fitted.anomaly_maps(normals)
    assert maps is not None and maps.shape == (50, 16, 16)
    assert np.quantile(maps, 0.999) == pytest.approx(1.0, abs=1e-3)
    anomalies = fitted.anomaly_maps(digits.validation.images[digits.validation.anomalous])
    assert anomalies is not None and anomalies.max() > 1


def test_a_map_would_be_of_another_image_or_blurred_away(
    fitted: FittedDetector, digits: TrainingData
) -> None:
    images = digits.validation.images[:4].clone()
    images[1, 0, 3:6, 9:12] = 255 - images[1, 0, 3:6, 9:12]
    maps, before = fitted.anomaly_maps(images), fitted.anomaly_maps(digits.validation.images[:4])
    assert maps is not None and before is not None
    change = (maps - before).abs().flatten(1).amax(1)
    assert change[1] > 0 and change[[0, 2, 3]].max() < 1e-5
    remade = fitted.reconstruct(images)
    assert remade is not None
    error = (images / 127.5 - 1 - remade).abs().mean((1, 2, 3))
    torch.testing.assert_close(maps.mean((1, 2)) * fitted.map_scale, error, rtol=0.05, atol=0)


def test_a_detector_without_maps_would_be_given_a_scale(
    make_trainer: Callable[..., Trainer], digits: TrainingData
) -> None:
    trainer = make_trainer(detector="random")
    trainer.epoch()
    fitted = trainer.fitted(0)
    assert fitted.map_scale is None
    assert fitted.anomaly_maps(digits.validation.images[:2]) is None


def test_a_scaled_score_would_change_the_order_or_the_verdict(
    fitted: FittedDetector, digits: TrainingData
) -> None:
    scores = fitted.score(digits.validation.images)
    scaled = fitted.scaled_score(scores)
    assert scaled.min() >= 0 and scaled.max() <= 1
    assert torch.equal(scaled > 0.5, scores > fitted.threshold)
    assert (scaled[scores.argsort()].diff() >= 0).all()
    normals = scores[~digits.validation.anomalous]
    marks = fitted.threshold + normals.std(correction=0) * torch.tensor([0.0, 1.0, -2.0])
    wanted = 1 / (1 + np.exp(-np.array([0.0, 1.0, -2.0])))
    np.testing.assert_allclose(fitted.scaled_score(marks), wanted, atol=1e-4)


def test_what_was_saved_would_be_lost(fitted: FittedDetector, tmp_path: Path) -> None:
    ours = replace(fitted, preprocessing=Preprocessing(size=16, channels=1, resize="crop", bits=12))
    ours.save(tmp_path)
    loaded = FittedDetector.load(tmp_path)
    assert loaded.preprocessing == ours.preprocessing
    assert (loaded.channels, loaded.size) == (1, 16)
    assert (loaded.map_scale, loaded.score_spread) == (ours.map_scale, ours.score_spread)
    assert loaded.files() == ours.files()


def test_a_detector_saved_by_an_earlier_version_would_not_load(
    fitted: FittedDetector, digits: TrainingData, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    (tmp_path / "sums.json").unlink()
    config = json.loads((tmp_path / "config.json").read_text())
    for name in ("preprocessing", "map_scale", "score_spread"):
        del config[name]
    config |= {"channels": 1, "size": 16}
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded = FittedDetector.load(tmp_path)
    assert loaded.preprocessing == Preprocessing(size=16, channels=1)
    images = digits.validation.images[:3]
    assert torch.equal(loaded.score(images), fitted.score(images))
    assert loaded.anomaly_maps(images) is None
    with pytest.raises(ValueError, match="saved by an earlier version"):
        loaded.scaled_score(loaded.score(images))
