"""The images of a search on the training device: once per process, shared by all its trainers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from models.arrays import Labels

if TYPE_CHECKING:
    from models.data.images import TrainingData


@dataclass(frozen=True, kw_only=True)
class DeviceImages:
    """Fit and validation images as uint8 [N, C, H, W]; the fit normals come first."""

    fit: Tensor
    fit_normals: int
    validation: Tensor
    anomalous: Labels  # of the validation images


_SHARED: "WeakKeyDictionary[TrainingData, dict[torch.device, DeviceImages]]" = WeakKeyDictionary()


def device_images(data: "TrainingData", device: torch.device) -> DeviceImages:
    """The same tensors for the same data and device, as long as the data lives.

    Raises ValueError when the fit images do not hold the normals first.
    """
    of_data = _SHARED.setdefault(data, {})
    if device not in of_data:
        of_data[device] = _moved(data, device)
    return of_data[device]


def _moved(data: "TrainingData", device: torch.device) -> DeviceImages:
    normals = len(data.fit.images) - int(data.fit.anomalous.sum())
    if data.fit.anomalous[:normals].any():
        raise ValueError("the fit images must hold the normals first, then the anomalies")
    return DeviceImages(
        fit=data.fit.images.to(device),
        fit_normals=normals,
        validation=data.validation.images.to(device),
        anomalous=data.validation.anomalous.numpy(),
    )
