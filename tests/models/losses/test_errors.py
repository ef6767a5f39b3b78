"""Errors of reconstructions against slow loops: parts of the score, patches, regions."""

import itertools

import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from models.losses.errors import patch_errors, reconstruction_parts, region_errors


def differences(channels: int = 3, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    made = torch.randn(4, channels, size, size, generator=generator)
    made[1, :, 5:9, 20:25] += 3  # a defect
    return made


def windows(error: Tensor, side: int, step: int) -> Tensor:
    """The mean of each window of each image [N, M]."""
    starts = range(0, error.shape[-1] - side + 1, step)
    return torch.stack(
        [
            error[:, :, down : down + side, right : right + side].mean((1, 2, 3))
            for down, right in itertools.product(starts, starts)
        ],
        1,
    )


@pytest.mark.parametrize(
    ("size", "side", "step"), [(16, 8, 4), (32, 16, 8), (64, 16, 8), (256, 64, 32)]
)
def test_patches_would_be_of_another_size_or_place(size: int, side: int, step: int) -> None:
    error = differences(2, size).abs()
    torch.testing.assert_close(patch_errors(error), windows(error, side, step))


@pytest.mark.parametrize("size", [16, 64])
def test_regions_would_not_be_nine_that_overlap_by_half(size: int) -> None:
    error = differences(2, size).abs()
    regions = region_errors(error)
    assert regions.shape == (4, 9)
    torch.testing.assert_close(regions, windows(error, size // 2, size // 4))


def test_a_part_of_the_score_would_be_of_something_else() -> None:
    difference = differences()
    parts, error = reconstruction_parts(difference), difference.abs()
    smooth = [
        gaussian_filter(one.numpy(), 32 / 56, mode="mirror", truncate=8) for one in error.mean(1)
    ]
    expected = {
        "error": error.mean((1, 2, 3)),
        "squared_error": (difference * difference).mean((1, 2, 3)),
        "worst_patch": windows(error, 16, 8).amax(1),
        "map_peak": torch.tensor([float(one.max()) for one in smooth]),
    }
    assert list(parts) == list(expected)
    for name, part in parts.items():
        torch.testing.assert_close(part, expected[name], rtol=2e-3, atol=1e-4)
