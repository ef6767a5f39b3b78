"""Images seen as their mean and a few directions away from it; what is left over is anomalous.

The reconstruction error of principal component analysis is minimal among all linear autoencoders
of as many numbers, and it is computed, not trained (Pearson 1901; for images "Eigenfaces", Turk
and Pentland 1991).
"""

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector, Networks, Tensors
from models.detectors.errors import patch_errors, per_image
from models.detectors.fit_view import FitView
from models.hyperparameters import Value
from models.pixels import scaled
from models.requirements import PYRAMID_SIZES

_MOST_FLOATS = 2**26
"""Of the images in a fit; the decomposition needs up to three times their 256 MB beside them."""

Floats = NDArray[np.float32]


class Projection(nn.Module):
    """Projects images of P values onto a mean [P] and components [K, P] away from it.

    Both are 0 before the fit. Components then have length 1 and are at right angles to each other;
    those for which there are too few images stay 0.
    """

    mean: Tensor
    components: Tensor

    def __init__(self, components: int, values: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("components", torch.zeros(min(components, values), values))

    @override
    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] in [-1, 1] -> the same shape and range."""
        places = (images.flatten(1) - self.mean) @ self.components.T
        remade = places @ self.components + self.mean
        return remade.clamp(-1, 1).view(images.shape)


class Pca(Detector):
    """Networks: `pca`, which is fitted and which no phase trains."""

    @override
    def networks(
        self, structure: Mapping[str, Value], channels: int, size: int
    ) -> dict[str, nn.Module]:
        return {"pca": Projection(int(structure["components"]), channels * size * size)}

    @override
    def fit(self, networks: Networks, normals: FitView) -> Tensors:
        shape = networks.tensors("pca")["components"].shape
        images = normals.images(limit=max(2, _MOST_FLOATS // shape[1]))
        values = scaled(images.cpu()).flatten(1).numpy()
        mean, directions = _principal(values, shape[0])
        components = np.zeros(shape, np.float32)
        components[: len(directions)] = directions
        return {"pca.mean": torch.from_numpy(mean), "pca.components": torch.from_numpy(components)}

    @override
    def score_parts(
        self, networks: Networks, images: Tensor, settings: Mapping[str, Tensor]
    ) -> Tensors:
        difference = images - self.reconstruct(networks, images)
        parts = {
            "error": per_image(difference.abs()),
            "squared_error": per_image(difference.square()),
        }
        if images.shape[-1] in PYRAMID_SIZES:
            parts["worst_patch"] = patch_errors(difference.abs()).amax(1)
        return parts

    @override
    def reconstruct(self, networks: Networks, images: Tensor) -> Tensor:
        return cast(Tensor, networks("pca", images))


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


DETECTOR = Pca()
