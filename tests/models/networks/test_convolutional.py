"""Encoder and decoder that halve and double."""

import pytest
import torch
from torch import nn

from models.networks.convolutional import Decoder


@pytest.mark.parametrize("skips", [False, True])
def test_reconstructions_would_leave_the_range_of_images(skips: bool) -> None:
    decoder = Decoder(1, (4, 8), nn.ReLU(), skips)
    for weights in decoder.parameters():
        nn.init.normal_(weights, std=5.0)
    images = decoder([torch.randn(3, 4, 8, 8), torch.randn(3, 8, 4, 4)])
    assert images.shape == (3, 1, 16, 16)
    assert images.abs().max() <= 1
    assert images.std() > 0.1
