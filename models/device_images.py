"""The images of a search on the training device: once per process, shared by all its trainers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from models.arrays import Labels
from models.detectors.fit_view import evenly_spaced

if TYPE_CHECKING:
    from models.data.images import LabelledImages, TrainingData
    from models.data.preprocessing import Preprocessing


@dataclass(frozen=True, kw_only=True)
class DeviceImages:
    """Fit and validation images as uint8 [N, C, H, W]; the fit normals come first.

    `synthetic` and `noise` are those of `TrainingData`.
    """

    fit: Tensor
    fit_normals: int
    validation: Tensor
    anomalous: Labels  # of the validation images
    synthetic: bool = False
    noise: Tensor | None = None


def at_most(images: DeviceImages, count: int | None) -> DeviceImages:
    """The same with no more than `count` validation images: evenly spaced ones of each kind."""
    anomalous = torch.from_numpy(images.anomalous)
    if count is None or len(anomalous) <= count:
        return images
    kinds = [anomalous.nonzero()[:, 0], (~anomalous).nonzero()[:, 0]]
    few = [evenly_spaced(rows, max(1, round(count * len(rows) / len(anomalous)))) for rows in kinds]
    rows = torch.cat(few).sort().values
    return replace(
        images,
        validation=images.validation[rows.to(images.validation.device)],
        anomalous=images.anomalous[rows.numpy()],
        noise=None if images.noise is None else evenly_spaced(images.noise, count),
    )


_SHARED: "WeakKeyDictionary[TrainingData, dict[torch.device, DeviceImages]]" = WeakKeyDictionary()


def device_images(data: "TrainingData", device: torch.device) -> DeviceImages:
    """The same tensors for the same data and device, as long as the data lives.

    Raises ValueError when the fit images do not hold the normals first, images are not the bytes
    that the data's preprocessing makes, or labels are not one bool for each.
    """
    of_data = _SHARED.setdefault(data, {})
    if device not in of_data:
        of_data[device] = _moved(data, device)
    return of_data[device]


def _moved(data: "TrainingData", device: torch.device) -> DeviceImages:
    for images in (data.fit, data.validation):
        _check_labels(images)
        _check_images(images.images, data.preprocessing)
    normals = len(data.fit.images) - int(data.fit.anomalous.sum())
    if data.fit.anomalous[:normals].any():
        raise ValueError("the fit images must hold the normals first, then the anomalies")
    return DeviceImages(
        fit=data.fit.images.to(device),
        fit_normals=normals,
        validation=data.validation.images.to(device),
        anomalous=data.validation.anomalous.numpy(),
        synthetic=data.synthetic,
        noise=None if data.noise is None else data.noise.to(device),
    )


def _check_labels(images: "LabelledImages") -> None:
    """Whether each is an anomaly: classes, or labels of other images, would be taken for that."""
    labels = images.anomalous
    if labels.dtype != torch.bool or labels.shape != images.images.shape[:1]:
        raise ValueError(
            f"`anomalous` must be a bool tensor [{len(images.images)}], one an image; got "
            f"{str(labels.dtype).removeprefix('torch.')} {list(labels.shape)}"
        )


def _check_images(images: Tensor, preprocessing: "Preprocessing") -> None:
    """A detector is saved with its preprocessing, and would refuse what it was trained on.

    It takes bytes: values from 0 to 1, or of 16 bits, would be taken for nearly black or wrap.
    """
    made = (preprocessing.channels, preprocessing.size, preprocessing.size)
    if images.dtype != torch.uint8:
        got = f"{str(images.dtype).removeprefix('torch.')} {list(images.shape)}"
        wanted = f"uint8 [N, {', '.join(map(str, made))}]"
        raise ValueError(f"images must be {wanted}, values from 0 to 255; got {got}")
    if images.shape[1:] != made:
        wanted, got = (" x ".join(map(str, shape)) for shape in (made, images.shape[1:]))
        raise ValueError(f"images are {got}, their preprocessing makes {wanted}")
