"""OGNet's generator: an autoencoder in one piece, so that it can be kept as it is."""

from torch import Tensor, nn

from models.networks.convolutional import ACTIVATIONS, Decoder, Encoder, pyramid_widths


class Generator(nn.Module):
    """Remakes images of `size` x `size`; no skips."""

    def __init__(self, channels: int, width: int, size: int, activation: str):
        super().__init__()
        widths = pyramid_widths(width, size)
        encoding, decoding = ACTIVATIONS[activation]
        self.encoder = Encoder(channels, widths, encoding)
        self.decoder = Decoder(channels, widths, decoding, skips=False)

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape, in [-1, 1]."""
        remade: Tensor = self.decoder(self.encoder(images))
        return remade
