import numpy as np
import pytest
import torch
from torch import Tensor

from models.data.noise import noise_images


def _normals(count: int = 400) -> Tensor:
    """Pixels with a mean and spread each: dark left, bright right, quiet above, loud below."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.tensor([60.0, 180.0]) + torch.tensor([0.0, 20.0])[:, None, None]
    spread = torch.tensor([[2.0], [15.0]])
    drawn = torch.randn(count, 2, 2, 2, generator=generator) * spread + mean
    return drawn.round().clamp(0, 255).to(torch.uint8)


def test_noise_would_not_have_the_mean_and_spread_of_each_pixel() -> None:
    normals = _normals()
    noise = noise_images(normals, 4000, seed=1).numpy().astype(np.float64)
    expected = normals.numpy().astype(np.float64)
    wrong = np.abs(noise.mean(0) - expected.mean(0))
    assert wrong[:, 0].max() < 0.2  # the quiet pixels
    assert wrong[:, 1].max() < 1
    assert noise.std(0) == pytest.approx(expected.std(0), rel=0.06)


def test_pixels_of_noise_would_move_together() -> None:
    flat = noise_images(_normals(), 4000, seed=1).numpy().reshape(4000, -1)
    correlated = np.corrcoef(flat, rowvar=False) - np.eye(8)
    assert np.abs(correlated).max() < 0.06


def test_noise_would_differ_for_the_same_seed_or_be_the_same_for_another() -> None:
    normals = _normals()
    first = noise_images(normals, 5, seed=3)
    torch.manual_seed(5)
    np.random.seed(5)
    again = noise_images(normals.clone(), 5, seed=3)
    assert torch.equal(first, again)
    assert not torch.equal(first, noise_images(normals, 5, seed=4))
    assert not torch.equal(first[0], first[1])


def test_values_outside_a_byte_would_come_round_from_the_other_end() -> None:
    edges = torch.tensor([0, 0, 0, 255, 255], dtype=torch.uint8)[:, None, None, None]
    noise = noise_images(edges.expand(5, 1, 4, 4), 500, seed=0).double()
    assert noise.eq(0).double().mean() > 0.1
    assert noise.eq(255).double().mean() > 0.1


def test_constant_pixels_would_be_noisy() -> None:
    noise = noise_images(torch.full((7, 3, 2, 2), 77, dtype=torch.uint8), 4, seed=0)
    assert noise.dtype == torch.uint8
    assert noise.shape == (4, 3, 2, 2)
    assert noise.eq(77).all()


def test_only_the_first_of_many_normals_would_be_looked_at() -> None:
    many = torch.zeros(3000, 1, 1, 1, dtype=torch.uint8)
    many[1500:] = 200
    assert noise_images(many, 2000, seed=0).double().mean().item() == pytest.approx(100, abs=12)


def test_noise_would_be_made_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        noise_images(torch.zeros(0, 1, 2, 2, dtype=torch.uint8), 3, seed=0)
