import math

import pytest
import torch
from torch import nn

from models import detectors
from models.detectors.two_discriminator_gan.losses import (
    adversarial,
    anomaly_between_class,
    discrimination,
)
from models.losses.errors import patch_errors, worst_patches
from models.networks.convolutional import Decoder, Encoder, leaky_relu, pyramid_widths
from models.networks.latent import WholeImage
from models.networks.patch_discriminator import PatchDiscriminator
from tests.models.detectors.single_model import parameter_count

GAN = "two-discriminator-gan"


@pytest.mark.parametrize(
    ("channels", "size", "skips", "expected"),
    [
        (1, 32, True, 6_166_144),
        (3, 32, True, 6_172_288),
        (3, 128, True, 6_172_288),
        (3, 256, True, 12_465_792),
        (1, 32, False, 5_509_760),
        (3, 32, False, 5_513_856),
    ],
)
def test_generator_has_the_published_number_of_parameters(
    channels: int, size: int, skips: bool, expected: int
) -> None:
    widths = pyramid_widths(64, size)
    networks = (
        Encoder(channels, widths, leaky_relu),
        Decoder(channels, widths, torch.relu, skips=skips),
    )
    assert parameter_count(*networks) == expected


def test_discriminator_has_the_layers_of_the_table() -> None:
    convolutions = 64 * 16 + 64 * 128 * 16 + 128 * 256 * 16
    heads = (256 * 9 + 1) + (256 * 16 + 1)
    assert (
        parameter_count(PatchDiscriminator(1, 64, 32, "both"))
        == convolutions + 2 * (128 + 256) + heads
    )


@pytest.mark.parametrize("lanes", [0, 3])
def test_the_scalar_head_would_not_be_the_convolution_that_it_is(lanes: int) -> None:
    torch.manual_seed(0)
    head = WholeImage(6, 1, bias=True)
    values = torch.randn(*((lanes,) if lanes else ()), 5, 6, 4, 4, requires_grad=True)
    ours = torch.vmap(head)(values) if lanes else head(values)
    theirs = nn.Conv2d.forward(head, values.flatten(0, -4)).view_as(ours)
    torch.testing.assert_close(ours, theirs)
    seen = (values, head.weight, head.bias)
    for first, second in zip(
        torch.autograd.grad(ours.square().sum(), seen),  # type: ignore[arg-type]
        torch.autograd.grad(theirs.square().sum(), seen),  # type: ignore[arg-type]
        strict=True,
    ):
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_at_every_image_size(size: int, channels: int) -> None:
    networks = detectors.make(GAN, detectors.resolve(GAN, {"width": 2}), channels, size).networks()
    images = torch.zeros(2, channels, size, size)
    features = networks["encoder"](images)
    assert features[-1].shape == (2, 16, size // 16, size // 16)
    assert networks["decoder"](features).shape == images.shape
    cells, scalar = networks["normal_discriminator"](images)
    assert (cells.shape, scalar.shape) == ((2, 16), (2, 1))


def test_other_image_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="28 x 28"):
        detectors.make(GAN, detectors.resolve(GAN, {}), 1, 28).networks()


@pytest.mark.parametrize(("head", "count"), [("both", 2), ("map", 1), ("scalar", 1)])
def test_only_the_chosen_heads_exist(head: str, count: int) -> None:
    assert len(PatchDiscriminator(1, 4, 32, head)(torch.zeros(2, 1, 32, 32))) == count


def test_dcgan_initialisation_takes_effect() -> None:
    torch.manual_seed(0)
    structure = detectors.resolve(GAN, {"initialisation": "dcgan"})
    networks = detectors.make(GAN, structure, 1, 32).networks()
    for network in networks.values():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                # 4 standard errors of a standard deviation
                slack = 4 / math.sqrt(2 * module.weight.numel())
                assert module.weight.std().item() == pytest.approx(0.02, rel=slack)
                assert module.bias is None or not module.bias.any()
            if isinstance(module, nn.BatchNorm2d):
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.5)
                assert module.weight.mean().item() == pytest.approx(1.0, abs=0.02)


def test_patch_loss_of_all_patches_is_their_mean() -> None:
    patches = torch.rand(5, 9, generator=torch.Generator().manual_seed(0))
    for enough in (9, 20):
        torch.testing.assert_close(worst_patches(patches, torch.tensor(enough)), patches.mean(1))


def test_patch_loss_takes_the_largest_and_gives_only_them_a_gradient() -> None:
    patches = torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.2, 0.7]], requires_grad=True)
    worst = worst_patches(patches, torch.tensor(2.0))
    torch.testing.assert_close(worst, torch.tensor([0.7, 0.5]))
    worst.sum().backward()
    assert patches.grad is not None
    assert patches.grad.tolist() == [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]]


@pytest.mark.parametrize(("size", "count"), [(16, 9), (32, 9), (64, 49), (128, 49), (256, 49)])
def test_number_of_patches(size: int, count: int) -> None:
    assert patch_errors(torch.zeros(1, 3, size, size)).shape == (1, count)


def test_patch_errors_are_means_over_windows() -> None:
    error = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    second = error[:, :, :16, 8:24].mean((1, 2, 3))
    torch.testing.assert_close(patch_errors(error)[:, 1], second)


def test_abc_is_finite_at_zero_error_and_raises_the_error() -> None:
    error = torch.zeros(3, 1, 4, 4, requires_grad=True)
    assert torch.isfinite(anomaly_between_class(error))
    small = torch.full((3, 1, 4, 4), 0.1, requires_grad=True)
    anomaly_between_class(small).backward()
    assert small.grad is not None
    assert (small.grad < 0).all()


def test_abc_at_the_largest_error_is_its_lower_bound() -> None:
    largest = anomaly_between_class(torch.full((1, 1, 4, 4), 2.0))
    assert largest.item() == pytest.approx(-math.log(1 - math.exp(-2)), rel=1e-5)


def test_adversarial_loss_adds_the_mean_of_each_head() -> None:
    heads = [torch.zeros(2, 16), torch.full((2, 1), 100.0)]
    assert adversarial(heads, 1.0).item() == pytest.approx(0.25)
    assert adversarial(heads, 0.0).item() == pytest.approx(1.25)
    assert discrimination(heads, heads).item() == pytest.approx(0.75)
