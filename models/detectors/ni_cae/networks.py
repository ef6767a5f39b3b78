"""NI-CAE's bottlenecks: dense layers with ReLU between its encoder and its decoder."""

import torch
from torch import Tensor, nn


class OverChannels(nn.Module):
    """One dense layer over the channels of each place: a 1 x 1 convolution."""

    def __init__(self, channels: int, dense: int):
        super().__init__()
        self.layer = nn.Conv2d(channels, dense, 1)

    def forward(self, code: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, dense, H, W]."""
        return torch.relu(self.layer(code))


class OverAll(nn.Module):
    """Two dense layers, from all numbers of the code and back to as many."""

    def __init__(self, numbers: int, dense: int):
        super().__init__()
        self.inner = nn.Linear(numbers, dense)
        self.outer = nn.Linear(dense, numbers)

    def forward(self, code: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape."""
        hidden = torch.relu(self.inner(code.flatten(1)))
        return torch.relu(self.outer(hidden)).view(code.shape)
