"""How alike two images look: structural similarity, and losses of reconstructions by name.

SSIM: Wang, Bovik, Sheikh, Simoncelli, IEEE Transactions on Image Processing 2004. l1 and mse are
the mean absolute and the mean squared error, ssim is 1 - SSIM.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

NAMES = ("l1", "mse", "ssim")
WINDOWS = (7, 11)
"""Sides of the windows that SSIM compares."""
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


def reconstruction_loss(kind: str, images: Tensor, remade: Tensor, black: float) -> Tensor:
    """The mean over images [N, C, H, W], whose values go from `black` to 1."""
    match kind:
        case "l1":
            return (images - remade).abs().mean()
        case "mse":
            return (images - remade).square().mean()
        case "ssim":
            return 1 - ssim(images - black, remade - black, data_range=1 - black).mean()
    raise ValueError(f"reconstruction loss {kind!r}; allowed: {', '.join(NAMES)}")


def ssim(one: Tensor, other: Tensor, *, window: int = 11, data_range: float = 1.0) -> Tensor:
    """The mean SSIM of pairs of images [N, C, H, W] from 0 to `data_range`: [N], 1 of the same.

    Window 11 is the paper's, a Gaussian of 1.5 pixels; 7 is scikit-image's, of equal weights and
    with sample covariances. Only windows that lie within the image count. Each channel is compared
    by itself.
    """
    if window not in WINDOWS:
        raise ValueError(f"SSIM window {window}; allowed: {', '.join(map(str, WINDOWS))}")
    sample = window**2 / (window**2 - 1) if window == 7 else 1.0
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    a, b = one.float(), other.float()
    with _without_autocast(one.device):
        maps = _window_means(torch.stack([a, b, a * a, b * b, a * b]), window)
    mean_a, mean_b, square_a, square_b, product = maps.unbind()
    variances = sample * (square_a - mean_a.square() + square_b - mean_b.square())
    covariance = sample * (product - mean_a * mean_b)
    brightness = (2 * mean_a * mean_b + c1) / (mean_a.square() + mean_b.square() + c1)
    structure = (2 * covariance + c2) / (variances + c2)
    return (brightness * structure).flatten(1).mean(1)


def _without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Variances are small differences of large numbers: bfloat16 would leave nothing of them.

    Where there is no autocast nothing is done, since ONNX has no word for it.
    """
    enabled = torch.is_autocast_enabled(device.type)
    return torch.autocast(device.type, enabled=False) if enabled else nullcontext()


def _window_means(values: Tensor, window: int) -> Tensor:
    """The weighted mean of each window: [..., H, W] -> [..., H - window + 1, W - window + 1].

    Two products of matrices take a tenth of the time of convolutions of one channel, and a GPU
    computes them in full float32.
    """
    height, width = values.shape[-2:]
    down, across = (_line_weights(side, window, values.device) for side in (height, width))
    return down.t() @ values @ across


def _line_weights(side: int, window: int, device: torch.device) -> Tensor:
    """How much each pixel of a line counts in each window along it [side, windows]."""
    pixel = torch.arange(side, device=device)[:, None]
    offset = pixel - torch.arange(side - window + 1, device=device)
    distance = (offset - window // 2).float()
    weights = torch.ones_like(distance)
    if window == 11:
        weights = torch.exp(-distance.square() / (2 * _SIGMA**2))
    weights = torch.where(distance.abs() <= window // 2, weights, 0.0)
    return weights / weights.sum(0, keepdim=True)
