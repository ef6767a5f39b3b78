"""Images in memory: read once, resized once, kept as bytes.

N images, C channels, H = W = `DataConfig.size`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from models.data.config import DataConfig
from models.data.places import Source
from models.data.registry import DATASETS, Pixels
from models.data.split import Split

CHUNK = 4096  # images resized at a time: bounds the memory of their float copy


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """Images with their labels: uint8 `[N, C, H, W]` 0 to 255, bool `[N]`, int64 `[N]`."""

    images: Tensor
    anomalous: Tensor
    classes: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """What training and choosing may see; in both, normals come first, then anomalies."""

    fit: LabelledImages
    validation: LabelledImages


def load_training(config: DataConfig, source: Source, split: Split) -> TrainingData:
    """Load the rows that the split names; the test files are not opened.

    Raises:
        DataNotFound: a training file is missing, unreadable or not the published one.
        ValueError: the split was made for other data.
    """
    pixels = DATASETS[config.dataset].module.read_training(source)
    _check_split(config, split, pixels)
    return TrainingData(
        fit=_select(config, pixels, split.fit_normals, split.fit_anomalies),
        validation=_select(config, pixels, split.validation_normals, split.validation_anomalies),
    )


def load_test(config: DataConfig, source: Source) -> LabelledImages:
    """Load the official test part, all classes, in the order of the data set.

    Raises:
        DataNotFound: a test file is missing, unreadable or not the published one.
    """
    pixels = DATASETS[config.dataset].module.read_test(source)
    return _labelled(config, pixels)


def resize(images: NDArray[np.uint8], size: int) -> Tensor:
    """Resize bytes `[N, height, width]` bilinearly to uint8 `[N, 1, size, size]`."""
    chunks = [_resize_chunk(images[start : start + CHUNK], size) for start in _starts(len(images))]
    return torch.cat(chunks) if chunks else torch.empty((0, 1, size, size), dtype=torch.uint8)


def _starts(count: int) -> range:
    return range(0, count, CHUNK)


def _resize_chunk(images: NDArray[np.uint8], size: int) -> Tensor:
    floats = torch.from_numpy(images.astype(np.float32)).unsqueeze(1)
    resized = interpolate(floats, size=(size, size), mode="bilinear", antialias=False)
    return resized.round_().clamp_(0, 255).to(torch.uint8)


def _select(
    config: DataConfig, pixels: Pixels, normals: NDArray[np.int64], anomalies: NDArray[np.int64]
) -> LabelledImages:
    rows = np.concatenate([normals, anomalies])
    return _labelled(config, Pixels(images=pixels.images[rows], classes=pixels.classes[rows]))


def _labelled(config: DataConfig, pixels: Pixels) -> LabelledImages:
    return LabelledImages(
        images=resize(pixels.images, config.size),
        anomalous=torch.from_numpy(~np.isin(pixels.classes, config.normal_classes)),
        classes=torch.from_numpy(pixels.classes),
    )


def _check_split(config: DataConfig, split: Split, pixels: Pixels) -> None:
    if split.class_names != DATASETS[config.dataset].class_names:
        raise ValueError(f"the split was made for another data set than {config.dataset}")
    if split.normal_classes != config.normal_classes:
        raise ValueError(
            f"the split has the normal classes {split.normal_classes}, "
            f"the configuration {config.normal_classes}; make the split anew"
        )
    highest = max((int(rows.max()) for rows in _row_lists(split) if len(rows)), default=-1)
    if highest >= len(pixels.classes):
        raise ValueError(
            f"the split names row {highest:,}, and the data has {len(pixels.classes):,} rows; "
            "make the split anew"
        )


def _row_lists(split: Split) -> tuple[NDArray[np.int64], ...]:
    return (
        split.fit_normals,
        split.fit_anomalies,
        split.validation_normals,
        split.validation_anomalies,
    )
