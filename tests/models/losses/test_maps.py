import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from models.losses.maps import smoothed


@pytest.mark.parametrize("side", [8, 28, 64])
def test_maps_would_be_blurred_by_another_gaussian(side: int) -> None:
    maps = torch.rand(3, side, side, generator=torch.Generator().manual_seed(side))
    wanted = [
        gaussian_filter(each, side / 56, mode="mirror", truncate=4.5) for each in maps.numpy()
    ]
    np.testing.assert_allclose(smoothed(maps), np.stack(wanted), atol=2e-3)


def test_a_flat_map_would_be_darker_at_its_borders() -> None:
    torch.testing.assert_close(smoothed(torch.full((1, 32, 32), 0.7)), torch.full((1, 32, 32), 0.7))


def test_a_spot_would_be_moved_or_smeared_along_one_axis() -> None:
    spot = torch.zeros(1, 56, 56)
    spot[0, 20, 30] = 1.0
    blurred = smoothed(spot)[0]
    assert divmod(int(blurred.argmax()), 56) == (20, 30)
    torch.testing.assert_close(blurred[20, 27:34], blurred[17:24, 30])
    # One standard deviation, 1 pixel here, from the middle of a Gaussian.
    assert float(blurred[20, 31] / blurred[20, 30]) == pytest.approx(np.exp(-0.5), rel=1e-4)
