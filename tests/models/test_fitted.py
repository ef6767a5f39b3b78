"""What a trained detector says of images that it cannot score."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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
@pytest.mark.parametrize("method", ["score", "score_parts", "reconstruct"])
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
