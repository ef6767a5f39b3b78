import pytest
import torch
from torch import nn

from models.networks.pooled import PooledDecoder, PooledEncoder


def test_an_encoder_would_not_be_convolutions_relus_and_poolings_in_turn() -> None:
    torch.manual_seed(0)
    encoder = PooledEncoder(3, [4, 6], [4, 2])
    written_out = nn.Sequential(
        encoder.convs[0], nn.ReLU(), nn.MaxPool2d(4), encoder.convs[1], nn.ReLU(), nn.MaxPool2d(2)
    )
    images = torch.randn(2, 3, 32, 32)
    assert encoder(images).shape == (2, 6, 4, 4)
    torch.testing.assert_close(encoder(images), written_out(images))


@pytest.mark.parametrize("last", [1, 3])
def test_a_decoder_would_not_be_convolutions_relus_and_repetitions_in_turn(last: int) -> None:
    torch.manual_seed(0)
    decoder = PooledDecoder(5, [6, 4], [2, 4], 3, last)
    assert decoder.last.kernel_size == (last, last)
    written_out = nn.Sequential(
        decoder.convs[0],
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        decoder.convs[1],
        nn.ReLU(),
        nn.Upsample(scale_factor=4),
        decoder.last,
        nn.Sigmoid(),
    )
    code = torch.randn(2, 5, 4, 4)
    assert decoder(code).shape == (2, 3, 32, 32)
    torch.testing.assert_close(decoder(code), written_out(code))


def test_an_image_would_touch_anothers() -> None:
    torch.manual_seed(0)
    networks = nn.Sequential(PooledEncoder(1, [4], [2]), PooledDecoder(4, [4], [2], 1, 3))
    images = torch.randn(5, 1, 16, 16)
    torch.testing.assert_close(networks(images)[2:3], networks(images[2:3]))
