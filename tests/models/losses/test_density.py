import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.neighbors import KernelDensity

from models.losses.density import left_out, soft_minimum, squared_distances


def _vectors(count: int, dimensions: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def _log_density(distance: torch.Tensor, bandwidth: float, dimensions: int) -> NDArray[np.float64]:
    constant = dimensions * math.log(bandwidth * math.sqrt(2 * math.pi))
    return np.asarray(-distance / (2 * bandwidth**2) - constant)


@pytest.mark.parametrize("bandwidth", [0.5, 1.0, 5.0])
def test_densities_would_not_be_scikit_learns(bandwidth: float) -> None:
    known, others = _vectors(600), _vectors(20, seed=1)
    oracle = KernelDensity(bandwidth=bandwidth).fit(known.double().numpy())
    distance = soft_minimum(squared_distances(others, known), bandwidth)
    expected = oracle.score_samples(others.double().numpy())
    np.testing.assert_allclose(_log_density(distance, bandwidth, 6), expected, rtol=1e-9)


def test_densities_of_a_narrow_bandwidth_would_be_lost() -> None:
    # scikit-learn's trees are wrong where densities are this small.
    known, others = _vectors(600), _vectors(20, seed=1)
    distance = soft_minimum(squared_distances(others, known), 0.05)
    for other, found in zip(others.double().numpy(), _log_density(distance, 0.05, 6), strict=True):
        exponents = -((other - known.double().numpy()) ** 2).sum(1) / (2 * 0.05**2)
        constant = math.log(600) + 6 * math.log(0.05 * math.sqrt(2 * math.pi))
        assert found == pytest.approx(logsumexp(exponents) - constant, rel=1e-9)


def test_the_density_of_a_known_vector_would_count_itself() -> None:
    known = _vectors(30)
    distances = soft_minimum(left_out(squared_distances(known, known)), 0.4)
    for row in range(30):
        others = np.delete(known.double().numpy(), row, axis=0)
        oracle = KernelDensity(bandwidth=0.4).fit(others)
        expected = oracle.score_samples(known[row : row + 1].double().numpy())
        np.testing.assert_allclose(_log_density(distances[row], 0.4, 6), expected[0], rtol=1e-9)


def test_distances_of_near_vectors_far_from_0_would_be_rounding() -> None:
    known = 100 + _vectors(5, dimensions=8192)
    near = known + 1e-3 * _vectors(5, dimensions=8192, seed=1)
    squared = squared_distances(near, known)
    exact = (near.double() - known.double()).square().sum(1)
    np.testing.assert_allclose(squared.diagonal(), exact, rtol=1e-3)
    assert squared_distances(known, known).diagonal().max() < 1e-6


def test_a_narrow_density_would_be_another_than_the_nearest_distance() -> None:
    squared = torch.tensor([[9.0, 4.0, 25.0]], dtype=torch.float64)
    narrow = 2 * 0.01**2 * math.log(3)
    assert soft_minimum(squared, 0.01).item() == pytest.approx(4 + narrow)
    assert soft_minimum(squared, 1e4).item() == pytest.approx(38 / 3, rel=1e-4)
    assert soft_minimum(torch.zeros(1, 3), 0.2).item() == pytest.approx(0, abs=1e-6)


def test_lanes_would_get_the_distances_of_others() -> None:
    known, others = _vectors(80).view(2, 40, 6), _vectors(14, seed=1).view(2, 7, 6)
    mapped = torch.vmap(squared_distances)(others, known)
    for lane in (0, 1):
        torch.testing.assert_close(mapped[lane], squared_distances(others[lane], known[lane]))
