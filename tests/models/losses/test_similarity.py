import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from models.losses.similarity import NAMES, reconstruction_loss, ssim

Floats = NDArray[np.float64]


def _pair(height: int = 20, width: int = 20, channels: int = 1) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(height + channels)
    one = torch.rand(3, channels, height, width, generator=generator)
    noise = torch.randn(one.shape, generator=generator)
    return one, (one + torch.tensor([0.01, 0.1, 0.5])[:, None, None, None] * noise).clamp(0, 1)


def _slow(one: Floats, other: Floats, window: int, data_range: float) -> float:
    """SSIM of two images [H, W] as scikit-image computes it, by filters of SciPy."""

    def filtered(values: Floats) -> Floats:
        blurred = (
            uniform_filter(values, 7) if window == 7 else gaussian_filter(values, 1.5, truncate=3.5)
        )
        border = window // 2
        return np.asarray(blurred[border:-border, border:-border])

    normalisation = 49 / 48 if window == 7 else 1.0
    mean, other_mean = filtered(one), filtered(other)
    variance = normalisation * (filtered(one * one) - mean**2)
    other_variance = normalisation * (filtered(other * other) - other_mean**2)
    covariance = normalisation * (filtered(one * other) - mean * other_mean)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    above = (2 * mean * other_mean + c1) * (2 * covariance + c2)
    below = (mean**2 + other_mean**2 + c1) * (variance + other_variance + c2)
    return float((above / below).mean())


@pytest.mark.parametrize("window", [7, 11])
@pytest.mark.parametrize(("height", "width", "channels"), [(16, 16, 1), (20, 33, 3)])
def test_similarity_would_not_be_scikit_images(
    window: int, height: int, width: int, channels: int
) -> None:
    one, other = _pair(height, width, channels)
    expected = [
        np.mean([_slow(*pair, window, 1.0) for pair in zip(a, b, strict=True)])
        for a, b in zip(one.double().numpy(), other.double().numpy(), strict=True)
    ]
    np.testing.assert_allclose(ssim(one, other, window=window), expected, atol=2e-6)


@pytest.mark.parametrize("window", [7, 11])
def test_an_image_would_be_unlike_itself_or_like_its_negative(window: int) -> None:
    one, _ = _pair()
    torch.testing.assert_close(ssim(one, one, window=window), torch.ones(3))
    assert ssim(one, 1 - one, window=window).max() < 0


def test_the_range_of_values_would_change_the_similarity() -> None:
    one, other = _pair()
    in_bytes = ssim(255 * one, 255 * other, data_range=255.0)
    torch.testing.assert_close(in_bytes, ssim(one, other))


def test_bfloat16_would_leave_nothing_of_the_variances() -> None:
    one, other = _pair()
    one, other = 0.9 + 0.01 * one, 0.9 + 0.01 * other
    with torch.autocast("cpu", torch.bfloat16):
        narrow = ssim(one, other)
    assert torch.equal(narrow, ssim(one, other))


def test_a_step_against_the_loss_would_not_make_images_more_alike() -> None:
    one, other = _pair()
    flat = torch.full_like(other, 0.5)
    for start in (other, flat):  # flat images have no variance to divide by
        moving = start.clone().requires_grad_()
        (slope,) = torch.autograd.grad(ssim(one, moving).sum(), moving)
        assert slope.isfinite().all()
        assert (ssim(one, start + 1e-3 * slope / slope.abs().max()) > ssim(one, start)).all()


def test_similarity_would_not_map_over_lanes() -> None:
    one, other = _pair()
    mapped = torch.vmap(lambda a, b: ssim(a[None], b[None])[0])(one, other)
    torch.testing.assert_close(mapped, ssim(one, other))


def test_another_window_would_be_taken() -> None:
    with pytest.raises(ValueError, match="SSIM window 8; allowed: 7, 11"):
        ssim(*_pair(), window=8)


def test_reconstruction_losses_would_be_others_than_they_are_called() -> None:
    one, other = _pair()
    difference = one.numpy() - other.numpy()
    expected = {
        "l1": np.abs(difference).mean(),
        "mse": (difference**2).mean(),
        "ssim": 1 - ssim(one, other).mean().item(),
    }
    assert set(expected) == set(NAMES)
    for kind, value in expected.items():
        assert reconstruction_loss(kind, one, other, 0.0).item() == pytest.approx(value, rel=1e-5)
    with pytest.raises(ValueError, match="'l2'; allowed: l1, mse, ssim"):
        reconstruction_loss("l2", one, other, 0.0)


def test_similarity_of_images_from_minus_1_would_be_another_than_of_those_from_0() -> None:
    one, other = _pair()
    wide = reconstruction_loss("ssim", 2 * one - 1, 2 * other - 1, -1.0)
    torch.testing.assert_close(wide, reconstruction_loss("ssim", one, other, 0.0))
