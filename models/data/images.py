"""The images of a search in memory or mapped from a file: read once, kept as bytes.

N images, C channels, H = W = `DataConfig.size`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from models.data.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImages:
    """Images with their labels: uint8 `[N, C, H, W]` 0 to 255, bool `[N]`, int64 `[N]`.

    `masks`, bool `[N, H, W]`, mark the anomalous pixels; of an anomaly without a mask nothing is
    known of its pixels, and `masked` `[N]` is False. None where no image has a mask. `names` are
    the files of the images, () where they have none.
    """

    images: Tensor
    anomalous: Tensor
    classes: Tensor
    masks: Tensor | None = None
    masked: Tensor | None = None
    names: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """What training and choosing may see; in both, normals come first, then anomalies.

    `synthetic` says that validation's anomalies were made, and that no decision may be fitted on
    labels. `noise`, uint8 `[M, C, H, W]`, are Gaussian noise with the mean and spread of the fit
    normals, for objectives that need no anomaly; None where nothing asks for it.
    """

    fit: LabelledImages
    validation: LabelledImages
    preprocessing: Preprocessing
    synthetic: bool = False
    noise: Tensor | None = field(default=None, repr=False)
