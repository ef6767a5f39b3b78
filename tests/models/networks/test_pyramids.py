"""Pyramids level by level, written out with the library's own layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.networks.convolutional import Decoder, Encoder, Norm, leaky_relu
from models.networks.latent import Critic, LatentDecoder, LatentEncoder, SameSide

SLOPE = 0.2


def spread(network: nn.Module) -> None:
    """Weights and shifts of batch statistics that show where the activation lies."""
    generator = torch.Generator().manual_seed(3)
    for parameter in network.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=generator)


def images(channels: int = 1, side: int = 16) -> Tensor:
    return torch.rand(3, channels, side, side, generator=torch.Generator().manual_seed(5)) * 2 - 1


def halved(values: Tensor, conv: nn.Module) -> Tensor:
    return F.conv2d(values, conv.weight, conv.bias, stride=2, padding=1)


def doubled(values: Tensor, conv: nn.Module) -> Tensor:
    return F.conv_transpose2d(values, conv.weight, conv.bias, stride=2, padding=1)


def normed(values: Tensor, norm: Norm) -> Tensor:
    """Each channel by the batch's own mean and variance."""
    mean = values.mean((0, 2, 3), keepdim=True)
    variance = ((values - mean) ** 2).mean((0, 2, 3), keepdim=True)
    standard = (values - mean) / (variance + 1e-5).sqrt()
    return standard * norm.weight[:, None, None] + norm.bias[:, None, None]


def same_side(values: Tensor, layer: SameSide) -> Tensor:
    return normed(F.conv2d(values, layer.conv.weight, padding=1), layer.norm)


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_an_encoders_level_would_lack_its_norm_or_have_it_elsewhere() -> None:
    encoder = Encoder(1, (2, 3, 4), leaky_relu)
    spread(encoder)
    values = images()
    for number, features in enumerate(encoder(images())):
        values = halved(values, encoder.convs[number])
        if number:
            values = normed(values, encoder.norms[number - 1])
        values = torch.where(values > 0, values, SLOPE * values)
        close(features, values)


def test_a_decoders_level_would_miss_the_skip_of_its_size_or_norm_after_the_activation() -> None:
    features = [torch.randn(3, width, 8 >> n, 8 >> n) for n, width in enumerate((2, 3, 4))]
    for skips in (False, True):
        decoder = Decoder(1, (2, 3, 4), torch.relu, skips)
        spread(decoder)
        values = features[-1]
        for number in (0, 1):
            values = doubled(values, decoder.convs[number])
            values = normed(values, decoder.norms[number]).clamp(min=0)
            if skips:
                values = torch.cat([values, features[1 - number]], 1)
        close(decoder(features), doubled(values, decoder.convs[2]).tanh())


def test_a_latent_pyramids_extra_layer_would_be_linear_or_stand_elsewhere() -> None:
    encoder, decoder = LatentEncoder(1, 2, 16, 5, extra=1), LatentDecoder(5, 1, 2, 16, extra=1)
    spread(encoder)
    spread(decoder)
    values = F.leaky_relu(halved(images(), encoder.convs[0]), SLOPE)
    values = F.leaky_relu(same_side(values, encoder.extra[0]), SLOPE)
    values = F.leaky_relu(normed(halved(values, encoder.convs[1]), encoder.norms[0]), SLOPE)
    close(encoder.features(images()), values)
    latent = F.conv2d(values, encoder.last.weight)[:, :, 0, 0]
    close(encoder(images()), latent)
    values = F.conv_transpose2d(latent[:, :, None, None], decoder.first.weight)
    values = normed(values, decoder.norms[0]).clamp(min=0)
    values = normed(doubled(values, decoder.convs[0]), decoder.norms[1]).clamp(min=0)
    values = same_side(values, decoder.extra[0])
    values = values.clamp(min=0)
    close(decoder(latent), doubled(values, decoder.last).tanh())


def test_a_critics_logit_would_not_be_of_the_features_that_it_shows() -> None:
    critic = Critic(1, 2, 16)
    spread(critic)
    features, logits = critic(images())
    close(features, critic.features(images()))
    close(logits, F.conv2d(features, critic.last.weight)[:, 0, 0, 0])
