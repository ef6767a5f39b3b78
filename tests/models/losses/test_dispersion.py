import pytest
import torch
from torch import Tensor

from models.losses.dispersion import (
    distances,
    nearest_distances,
    scattering,
    spread_about_mean,
)


def images(count: int, seed: int) -> Tensor:
    return torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_distances_would_not_be_those_between_the_images() -> None:
    one, bank = images(5, 0), images(7, 1)
    slow = torch.stack([torch.stack([(a - b).norm() for b in bank]) for a in one])
    torch.testing.assert_close(distances(one, bank), slow)
    torch.testing.assert_close(nearest_distances(one, bank), slow.amin(1))


def test_a_distance_of_0_would_have_no_gradient() -> None:
    one = images(3, 0).requires_grad_()
    (gradient,) = torch.autograd.grad(distances(one, one).sum(), one)
    assert gradient.isfinite().all()


def test_distances_would_be_rounded_away_in_bfloat16() -> None:
    one = images(4, 0)
    near = one + 0.01 * images(4, 1)
    wanted = distances(one, near)
    with torch.autocast("cpu", torch.bfloat16):
        found = distances(one, near)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("power", [1, 2])
def test_scattering_would_not_be_the_papers_s(power: int) -> None:
    made, noise = images(5, 0), torch.rand(5, 6, generator=torch.Generator().manual_seed(2))
    wanted = [
        sum(
            float((noise[i] - noise[j]).norm() / (made[i] - made[j]).norm()) ** power
            for j in range(5)
            if j != i
        )
        / 4
        for i in range(5)
    ]
    torch.testing.assert_close(scattering(noise, made, power), torch.tensor(wanted))


def test_the_spread_would_not_be_the_mean_distance_from_the_mean() -> None:
    made = images(5, 0) + 3  # far from 0: it is the images' own place that counts
    centre = sum(made) / 5
    wanted = sum(float((one - centre).norm()) for one in made) / 5
    assert spread_about_mean(made).item() == pytest.approx(wanted, rel=1e-5)
