"""Data that are no bytes, no images or no labels are refused at the start, with type and shape."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.data import digits as of_digits
from models.data.config import DataConfig
from models.data.images import TrainingData
from models.data.index import Index, Part
from models.data.places import DataProblem, Source
from models.data.protocol import make_split
from models.device_images import device_images

CONFIG = DataConfig(dataset="digits", normal=(3,))
SOURCE = Source(folder=None, description="scikit-learn")
Change = Callable[[NDArray[np.uint8]], NDArray[np.generic]]


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda images: images / 255.0, r"float64 \[1, 1, 8, 8\] from 0 to"),
        (lambda images: images.astype(np.uint16) * 256, r"uint16 \[1, 1, 8, 8\] from 0 to"),
        (lambda images: images[:, 0], r"uint8 \[1, 8, 8\] from 0 to"),
        (lambda images: images[:0], r"uint8 \[0, 1, 8, 8\]; bring"),
        (lambda images: images.repeat(2, 1), r"have 2 channels, and the registry says 1; got"),
    ],
)
def test_images_that_are_no_bytes_would_be_rounded_to_some(
    monkeypatch: pytest.MonkeyPatch, change: Change, got: str
) -> None:
    """Without known anomalies nothing looked at a pixel before the workers did."""
    own = of_digits.training_part(CONFIG, SOURCE)

    def training_part(config: DataConfig, source: Source) -> Part:
        return Part(index=own.index, read=lambda rows: change(own.read(rows)))  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(of_digits, "training_part", training_part)
    with pytest.raises(DataProblem, match=got):
        make_split(replace(CONFIG, anomalies_per_normal=0), SOURCE)


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        (np.arange(1, 11), r"int64 \[10\] from 1 to 10"),
        (np.arange(-1, 9), r"int64 \[10\] from -1 to 8"),
        (np.arange(10) / 1.0, r"float64 \[10\]"),
        (np.array(list("0123456789")), r"<U1 \[10\]"),
        (np.eye(10, dtype=np.int64), r"int64 \[10, 10\] from 0 to 1"),
    ],
)
def test_labels_from_1_to_10_would_divide_by_zero(labels: NDArray[np.int64], got: str) -> None:
    names = tuple("0123456789")
    with pytest.raises(DataProblem, match=rf"whole numbers \[images\] from 0 to 9, .*; got {got}"):
        Index(classes=labels, class_names=names, normal_classes=(0,))
    Index(classes=np.arange(10), class_names=names, normal_classes=(0,))


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (torch.rand(8, 1, 16, 16), r"float32 \[8, 1, 16, 16\]"),
        (torch.zeros(8, 1, 16, 16, dtype=torch.int16), r"int16 \[8, 1, 16, 16\]"),
    ],
)
def test_a_trainer_would_take_floats_for_bytes(
    digits: TrainingData, images: torch.Tensor, got: str
) -> None:
    fit = replace(digits.fit, images=images, anomalous=torch.zeros(8, dtype=torch.bool))
    with pytest.raises(ValueError, match=rf"images must be uint8 \[N, 1, 16, 16\].* got {got}"):
        device_images(replace(digits, fit=fit), torch.device("cpu"))


@pytest.mark.parametrize(
    ("labels", "got"),
    [(torch.arange(200), r"int64 \[200\]"), (torch.zeros(5, dtype=torch.bool), r"bool \[5\]")],
)
def test_a_trainer_would_take_classes_for_labels(
    digits: TrainingData, labels: torch.Tensor, got: str
) -> None:
    validation = replace(digits.validation, anomalous=labels)
    with pytest.raises(
        ValueError, match=rf"must be a bool tensor \[200\], one an image; got {got}"
    ):
        device_images(replace(digits, validation=validation), torch.device("cpu"))
