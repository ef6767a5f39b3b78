"""Uniform scores in [0, 1): expected AUROC 0.5, AUPRC the share of anomalies.

The random baseline of "Anomaly Detection on FashionMNIST", a student project after Kim et al. of
2020. Differs from it: the score of an image is a hash of its pixels with the model's own random
numbers, not a draw for its place in a list; so it is the same in every batch, as it must be.
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors

_RANGE = 2**24  # what a float32 holds exactly


class Hash(nn.Module):
    """A random linear hash of pixels; whole numbers wrap around at 64 bits, the same everywhere."""

    factors: Tensor

    def __init__(self, pixels: int):
        super().__init__()
        self.register_buffer("factors", torch.randint(-(2**62), 2**62, (pixels,)) * 2 + 1)

    @override
    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] in [-1, 1] -> [N] in [0, 1)."""
        pixels = ((images + 1) * 127.5).round().to(torch.int64).flatten(1)
        # The high bits: the low ones of a sum of odd multiples follow the pixels' own low bits.
        high = ((pixels * self.factors).sum(1) >> 32) % _RANGE
        return high.to(torch.float32) / _RANGE


class Random(Detector):
    """Networks: `hash`, which nothing trains."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        return {"hash": Hash(self.channels * self.size * self.size)}

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        return {"random": model("hash", images)}


DETECTOR = Random
