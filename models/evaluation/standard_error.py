"""How far an AUROC would scatter over other images of the same kinds. Torch-free."""

from __future__ import annotations

import math

AUROC_ERROR = "auroc_se"
"""The figure of an epoch that is the standard error of its `auroc`."""


def standard_error(auroc: float, normals: int, anomalies: int) -> float:
    """The standard error of an AUROC over so many images of each kind.

    J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143 (1982), 29-36. It is of the images alone: that
    another training gives another AUROC is no part of it.

    An AUROC nearer to 0 or 1 than half an image of the rarer kind counts as that far from it: the
    formula says 0 at 1, where four anomalies that are all found prove little. NaN where there are
    no images of a kind, or the AUROC is none.
    """
    if min(normals, anomalies) < 1 or not math.isfinite(auroc):
        return math.nan
    half_an_image = 0.5 / min(normals, anomalies)
    area = min(max(auroc, half_an_image), 1 - half_an_image)
    two_anomalies = area / (2 - area)  # the chance that both of them rank above a normal
    two_normals = 2 * area**2 / (1 + area)
    variance = area * (1 - area)
    variance += (anomalies - 1) * (two_anomalies - area**2)
    variance += (normals - 1) * (two_normals - area**2)
    return math.sqrt(max(variance, 0.0) / (normals * anomalies))


def interval_of_perfect(auroc: float, normals: int, anomalies: int) -> tuple[float, float]:
    """The 95% interval of an AUROC of 0 or 1, where resampled images all say the same.

    1.96 standard errors to the side that is left.
    """
    width = 1.96 * standard_error(auroc, normals, anomalies)
    return max(0.0, auroc - width), min(1.0, auroc + width)


def of_mean(errors: list[float]) -> float:
    """The most that the standard error of a mean of AUROCs can be.

    Where each class is normal in turn, the classes' AUROCs are over images that they share, which
    makes them scatter together: less than their full correlation cannot be relied on.
    """
    return math.fsum(errors) / len(errors)
