"""The encoder of OCR-GAN's generator: one for each frequency band, and what joins them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.detectors.ocr_gan.frequencies import bands
from models.networks.convolutional import Activation, Encoder

_LEAST = 32


class ChannelSelection(nn.Module):
    """Weighs each channel of both bands against its twin, by the means of all channels."""

    def __init__(self, channels: int):
        super().__init__()
        few = max(channels // 2, _LEAST)
        self.squeeze = nn.Linear(channels, few)
        self.low = nn.Linear(few, channels)
        self.high = nn.Linear(few, channels)

    def forward(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Two [N, C, H, W] -> the same, each channel times its share; the shares of two are 1."""
        code = self.squeeze((low + high).mean((2, 3)))
        share = torch.sigmoid(self.low(code) - self.high(code))[
            :, :, None, None
        ]  # a softmax of two
        return low * share, high * (1 - share)


class BandEncoder(nn.Module):
    """Two encoders of a U-Net, for low and for high frequencies, with a selection at each level."""

    def __init__(self, channels: int, widths: Sequence[int], activation: Activation):
        super().__init__()
        self.low = Encoder(channels, widths, activation, deepest_norm=False)
        self.high = Encoder(channels, widths, activation, deepest_norm=False)
        self.selections = nn.ModuleList(ChannelSelection(width) for width in widths)
        self.activation = activation

    def forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """[N, C, H, W] -> the features of all levels of either band, the latent last."""
        values = bands(images)
        features: tuple[list[Tensor], list[Tensor]] = ([], [])
        for number, selection in enumerate(self.selections):
            low, high = values
            selected = selection(self.low.level(number, low), self.high.level(number, high))
            values = self.activation(selected[0]), self.activation(selected[1])
            for of_band, level in zip(features, values, strict=True):
                of_band.append(level)
        return features
