"""Where in an image an anomaly lies: one number a pixel, higher is more anomalous."""

import math

from torch import Tensor

_SIGMAS_PER_SIDE = 56
_REACH = 4.0
"""Standard deviations at which the Gaussian is cut off, as SciPy's filter does."""


def smoothed(maps: Tensor) -> Tensor:
    """Maps [N, H, W] blurred by a Gaussian whose standard deviation is 1/56 of their side.

    A defect is larger than a pixel and the errors of single pixels are noise. 1/56 is the 4 pixels
    on images of 224 of SPADE, PaDiM and PatchCore (Cohen and Hoshen 2020; Defard et al. 2021; Roth
    et al. 2022), which sizes of every kind get alike. Borders are mirrored.
    """
    from torchvision.transforms.v2 import functional  # noqa: PLC0415  # slow to import

    sigma = maps.shape[-1] / _SIGMAS_PER_SIDE
    width = 2 * min(math.ceil(_REACH * sigma), maps.shape[-1] - 1) + 1
    # A Gaussian is a product: two passes along a line cost less than one over a square.
    for kernel in ((width, 1), (1, width)):
        maps = functional.gaussian_blur(maps[:, None], list(kernel), [sigma, sigma])[:, 0]
    return maps
