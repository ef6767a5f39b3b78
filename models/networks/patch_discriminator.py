"""The patch discriminator with its two heads, of Kim et al. (2020)."""

import math

from torch import Tensor, nn

from models.networks.convolutional import Norm, halving_convolutions, leaky_relu
from models.networks.latent import WholeImage


class PatchDiscriminator(nn.Module):
    """Judges an image as a whole and in 4 x 4 cells; returns the logits of each head.

    One stride-2 block per halving down to 4 x 4, widths doubling up to four times `width`.
    The first three blocks are those of the authors' code; the heads replace its stride-1 layers,
    which cost more than the whole generator.
    """

    def __init__(self, channels: int, width: int, size: int, head: str):
        super().__init__()
        widths = [width * min(2**level, 4) for level in range(int(math.log2(size)) - 2)]
        self.convs = halving_convolutions(channels, widths)
        self.norms = nn.ModuleList(Norm(width) for width in widths[1:])
        self.heads = nn.ModuleList()
        if head in ("both", "map"):
            self.heads.append(nn.Conv2d(widths[-1], 1, 3, 1, 1))
        if head in ("both", "scalar"):
            self.heads.append(WholeImage(widths[-1], 1, bias=True))

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, C, H, W] -> logits of each head: [N, 16] of the map, [N, 1] of the scalar."""
        values = leaky_relu(self.convs[0](images))
        for conv, norm in zip(self.convs[1:], self.norms, strict=True):
            values = leaky_relu(norm(conv(values)))
        return [head(values).flatten(1) for head in self.heads]
