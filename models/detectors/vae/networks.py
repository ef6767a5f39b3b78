"""What the variational autoencoder has beside the shared pyramids."""

import torch
from torch import Tensor, nn


class Noise(nn.Module):
    """Numbers of N(0, 1) that stay as they were drawn, `vectors` [count, length]."""

    vectors: Tensor

    def __init__(self, count: int, length: int):
        super().__init__()
        self.register_buffer("vectors", torch.randn(count, length))
