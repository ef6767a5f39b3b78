"""What a trained detector says of images: on which scale, and of those that it cannot score."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.data.images import TrainingData
from models.data.preprocessing import Preprocessing
from models.detector_files import SUMS, DetectorNotWhole
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


def test_a_half_replaced_detector_of_the_earliest_version_would_pass_for_whole(
    fitted: FittedDetector,
) -> None:
    """It has no sums: until those of the new one are there, nothing tells that files are mixed."""
    assert next(iter(fitted.files())) == SUMS


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


def sealed(folder: Path, **changes: Any) -> None:
    """Change config.json, and the sums with it; None takes a key out, with "!" it is null."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    path.write_text(json.dumps({k: None if v == "!" else v for k, v in kept.items()}))
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("config.json", "model.safetensors")
    }
    (folder / "sums.json").write_text(json.dumps(sums))


PREPARED = {"size": 16, "channels": 1, "resize": "stretch", "bits": 16}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"detector": "autoencodr"}, "unknown detector 'autoencodr'.*nearest: autoencoder"),
        ({"detector": 5}, "unknown detector '5'"),
        ({"detector": None}, "'detector'"),
        ({"threshold": "!"}, "threshold is None"),
        ({"threshold": None}, "'threshold'"),
        ({"threshold": [0.5]}, r"threshold is \[0.5\]"),
        ({"map_scale": "1"}, "map_scale is '1'"),
        ({"score_spread": 0}, "score_spread is 0"),
        ({"hyperparameters": 5}, "hyperparameters is 5"),
        ({"hyperparameters": {"width": [1]}}, "hyperparameters.width is"),
        ({"mixture": 5}, "mixture is 5"),
        ({"mixture": None}, "no 'mixture' in it"),
        ({"mixture": {"weights": {}, "offset": 0, "logarithmic": []}}, "mixture.weights is {}"),
        ({"mixture": {"weights": {"error": 1}, "offset": "0", "logarithmic": []}}, "offset is '0'"),
        ({"preprocessing": "x"}, "preprocessing is 'x'"),
        ({"preprocessing": PREPARED | {"size": "16"}}, "size is '16'"),
        ({"preprocessing": PREPARED | {"size": 10**9}}, "size is 1000000000"),
        ({"preprocessing": PREPARED | {"resize": "shrink"}}, "resize is 'shrink'"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_a_config_that_no_detector_has_would_be_loaded(
    fitted: FittedDetector, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    fitted.save(tmp_path)
    sealed(tmp_path, **changes)
    with pytest.raises(DetectorNotWhole, match=said):
        FittedDetector.load(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"preprocessing": PREPARED | {"size": 17}},
        {"preprocessing": PREPARED | {"channels": 3}},
        {"hyperparameters": {}},
        {"hyperparameters": {"width": "x"}},
        {"detector": "pca"},
        {"detector": "two-discriminator-gan"},
        {"mixture": {"weights": {"nothing": 1.0}, "offset": 0.0, "logarithmic": []}},
    ],
)
def test_weights_of_other_networks_would_fail_at_the_first_picture(
    fitted: FittedDetector, tmp_path: Path, changes: dict[str, Any]
) -> None:
    fitted.save(tmp_path)
    FittedDetector.load(tmp_path).check_networks(tmp_path)
    sealed(tmp_path, **changes)
    loaded = FittedDetector.load(tmp_path)
    with pytest.raises(DetectorNotWhole, match="holds no detector that this version reads"):
        loaded.check_networks(tmp_path)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        _pipe,
        _folder,
        Path.unlink,
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff\x00 garbage"),
        lambda path: path.write_text('"x"'),
        lambda path: path.write_text("{}"),
    ],
)
@pytest.mark.parametrize("name", ["sums.json", "config.json", "model.safetensors"])
def test_a_damaged_file_would_be_waited_for_or_taken(
    fitted: FittedDetector, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    fitted.save(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(DetectorNotWhole, match="does not hold one whole detector"):
        FittedDetector.load(tmp_path)


@pytest.mark.parametrize("damaged", [b"", b"garbage", b"x" * 100, b"\x08" + b"\0" * 7 + b"{}"])
def test_damaged_weights_with_sums_of_their_own_would_end_in_a_traceback(
    fitted: FittedDetector, tmp_path: Path, damaged: bytes
) -> None:
    fitted.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(damaged)
    sealed(tmp_path)
    with pytest.raises(DetectorNotWhole, match="holds no detector that this version reads"):
        FittedDetector.load(tmp_path)
