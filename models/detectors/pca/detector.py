"""Images seen as their mean and a few directions away from it; what is left over is anomalous.

The reconstruction error of principal component analysis is minimal among all linear autoencoders
of as many numbers, and it is computed, not trained (Pearson 1901; for images "Eigenfaces", Turk
and Pentland 1991).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.losses.errors import patch_errors, per_image
from models.pixels import scaled
from models.requirements import PYRAMID_SIZES

_MOST_FLOATS = 2**26
"""Of the images in a fit; the decomposition needs up to three times their 256 MB beside them."""

Floats = NDArray[np.float32]


class Pca(Detector):
    """No networks. Fitted: `mean` [P] and `components` [K, P] of images of P values.

    Components have length 1 and are at right angles to each other; those for which there are too
    few images are 0.
    """

    @override
    def networks(self) -> dict[str, nn.Module]:
        return {}

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        values = self.channels * self.size * self.size
        images = normals.images(limit=max(2, _MOST_FLOATS // values))
        seen = scaled(images.cpu()).flatten(1).numpy()
        components = np.zeros((min(self.number("components"), values), values), np.float32)
        mean, directions = _principal(seen, len(components))
        components[: len(directions)] = directions
        device = images.device
        return {
            "mean": torch.from_numpy(mean).to(device),
            "components": torch.from_numpy(components).to(device),
        }

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        difference = images - self.reconstruct(model, images)
        parts = {
            "error": per_image(difference.abs()),
            "squared_error": per_image(difference.square()),
        }
        if images.shape[-1] in PYRAMID_SIZES:
            parts["worst_patch"] = patch_errors(difference.abs()).amax(1)
        return parts

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        mean, components = model.fitted["mean"], model.fitted["components"]
        places = (images.flatten(1) - mean) @ components.T
        return (places @ components + mean).clamp(-1, 1).view(images.shape)


def _principal(values: Floats, most: int) -> tuple[Floats, Floats]:
    """The mean [P] of values [N, P], which are overwritten, and up to `most` components [K, P].

    Directions in which the images do not differ, beyond rounding, are none: each of the N x P
    values, at most 1, may be off by a few eps. With one thread the sums have one order, and the
    same images give the same bits.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415  # slow to import
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    count = min(most, *values.shape)
    with threadpool_limits(limits=1), np.errstate(invalid="ignore", divide="ignore"):
        pca = PCA(count, copy=False, random_state=0).fit(values)
    least = 8 * np.finfo(np.float32).eps * np.sqrt(values.size)
    return pca.mean_, pca.components_[pca.singular_values_ > least]


DETECTOR = Pca
