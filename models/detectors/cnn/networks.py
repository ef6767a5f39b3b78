"""The supervised network of the MVTec study: convolutions without borders, then dense layers.

Shapes at width 16: 3x256x256 -> 16x127x127 -> 32x62x62 -> 64x30x30 -> 64x14x14 -> 64x6x6 -> 256.
"""

import math

import torch
from torch import Tensor, nn

from models.networks.pooled import PooledEncoder

_MULTIPLES = (1, 2, 4, 4, 4)


def blocks_of(size: int) -> int:
    """How many convolutions images of `size` x `size` pass: so many that 6 x 6 places are left.

    7 x 7 of 16 x 16 pixels. The study has five, at 200 and 256 pixels.
    """
    return max(1, min(int(math.log2(size)) - 3, len(_MULTIPLES)))


class Classifier(nn.Module):
    """Images to the logit of a defect: `blocks` convolutions, each pooled to half the side."""

    def __init__(self, channels: int, width: int, size: int, blocks: int, hidden: int):
        super().__init__()
        widths = [width * multiple for multiple in _MULTIPLES[:blocks]]
        self.trunk = PooledEncoder(channels, widths, [2] * blocks, border=0)
        side = size
        for _ in range(blocks):
            side = (side - 2) // 2
        self.hidden = nn.Linear(widths[-1] * side**2, hidden)
        self.last = nn.Linear(hidden, 1)

    def forward(self, images: Tensor, kept: Tensor | None = None) -> Tensor:
        """[N, C, H, W] in [-1, 1] -> logits [N]; `kept` [N, hidden] are dropout's factors."""
        values = torch.relu(self.hidden(self.trunk((images + 1) / 2).flatten(1)))
        if kept is not None:
            values = values * kept
        logits: Tensor = self.last(values)[:, 0]
        return logits
