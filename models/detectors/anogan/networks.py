"""What AnoGAN has beside the GAN of `models.networks.dense`."""

import torch
from torch import Tensor, nn


class Starts(nn.Module):
    """Where the searches of every image start: drawn once, N(0, 1) within (-2, 2), not trained."""

    start: Tensor

    def __init__(self, restarts: int, latent: int):
        super().__init__()
        self.register_buffer("start", nn.init.trunc_normal_(torch.empty(restarts, latent)))

    def forward(self) -> Tensor:
        """[restarts, latent]."""
        return self.start
