"""The images of a search on the training device: once per process, shared by all its trainers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from models.arrays import Labels
from models.detectors.fit_view import evenly_spaced

if TYPE_CHECKING:
    from models.data.images import TrainingData
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

    Raises ValueError when the fit images do not hold the normals first, or images are not what
    the data's preprocessing makes.
    """
    of_data = _SHARED.setdefault(data, {})
    if device not in of_data:
        of_data[device] = _moved(data, device)
    return of_data[device]


def _moved(data: "TrainingData", device: torch.device) -> DeviceImages:
    normals = len(data.fit.images) - int(data.fit.anomalous.sum())
    if data.fit.anomalous[:normals].any():
        raise ValueError("the fit images must hold the normals first, then the anomalies")
    for images in (data.fit.images, data.validation.images):
        _check_shape(images, data.preprocessing)
    return DeviceImages(
        fit=data.fit.images.to(device),
        fit_normals=normals,
        validation=data.validation.images.to(device),
        anomalous=data.validation.anomalous.numpy(),
        synthetic=data.synthetic,
        noise=None if data.noise is None else data.noise.to(device),
    )


def _check_shape(images: Tensor, preprocessing: "Preprocessing") -> None:
    """A detector is saved with its preprocessing, and would refuse what it was trained on."""
    made = (preprocessing.channels, preprocessing.size, preprocessing.size)
    if images.shape[1:] != made:
        wanted, got = (" x ".join(map(str, shape)) for shape in (made, images.shape[1:]))
        raise ValueError(f"images are {got}, their preprocessing makes {wanted}")
