import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from models.data import defects, synthetic
from models.data.defects import SHARES
from models.data.synthetic import KINDS, LEAST_SIDE, VISIBLE, synthesise


def _pictures(count: int, channels: int, side: int) -> Tensor:
    """Smooth shades, so that every way of damaging them can be seen."""
    generator = np.random.default_rng(0)
    rough = generator.uniform(0, 255, (count, channels, side, side))
    smooth = ndimage.gaussian_filter(rough, (0, 0, side / 10, side / 10))
    least, most = smooth.min((2, 3), keepdims=True), smooth.max((2, 3), keepdims=True)
    return torch.from_numpy(((smooth - least) / (most - least) * 255).astype(np.uint8))


def _sources(made: Tensor, pictures: Tensor) -> list[int]:
    """Which picture each is most alike."""
    far = (made[:, None].double() - pictures[None].double()).abs().flatten(2).mean(2)
    return far.argmin(1).tolist()


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("side", [LEAST_SIDE, 9, 28, 64])
def test_a_mask_would_not_be_the_pixels_that_visibly_changed(channels: int, side: int) -> None:
    pictures = _pictures(6, channels, side)
    made = synthesise(pictures, 24, seed=2)
    assert (made.images.shape, made.images.dtype) == ((24, channels, side, side), torch.uint8)
    assert (made.masks.shape, made.masks.dtype) == ((24, side, side), torch.bool)
    before = pictures[_sources(made.images, pictures)]
    changed = (made.images.int() - before.int()).abs().amax(1)
    assert torch.equal(made.masks, changed >= VISIBLE)


@pytest.mark.parametrize("side", [LEAST_SIDE, 32, 256])
def test_a_defect_would_be_invisible_or_cover_the_picture(side: int) -> None:
    made = synthesise(_pictures(4, 1, side), 24, seed=1)
    shares = made.masks.double().mean((1, 2))
    assert shares.min() >= 0.01
    assert shares.max() <= SHARES[1] * (1.2 if side > LEAST_SIDE else 1.6)  # whole pixels
    assert shares.std() > 0.01


def test_the_rest_of_a_picture_would_change_too() -> None:
    pictures = _pictures(1, 3, 64)
    made = synthesise(pictures, 40, seed=0)
    touched = made.images.ne(pictures).any(1).double().mean((1, 2))
    assert touched.max() < 0.2


def test_kinds_or_sources_would_not_be_even() -> None:
    pictures = _pictures(8, 1, 28)
    made = synthesise(pictures, 64, seed=5)
    assert made.kinds.tolist() == [0, 1, 2, 3] * 16
    sources = _sources(made.images, pictures)
    assert np.bincount(sources, minlength=8).tolist() == [8] * 8
    pairs = {*zip(sources, made.kinds.tolist(), strict=True)}
    assert len(pairs) > 20  # in the same order each time there would be eight


def test_the_same_seed_would_make_other_anomalies() -> None:
    pictures = _pictures(5, 3, 32)
    first = synthesise(pictures, 20, seed=7)
    np.random.seed(1)
    torch.manual_seed(1)
    again = synthesise(pictures.clone(), 20, seed=7)
    fewer, other = synthesise(pictures, 9, seed=7), synthesise(pictures, 20, seed=8)
    for field in ("images", "masks", "kinds"):
        assert torch.equal(getattr(first, field), getattr(again, field))
        assert torch.equal(getattr(first, field)[:9], getattr(fewer, field))
    assert all(
        not torch.equal(one, two) for one, two in zip(first.images, other.images, strict=True)
    )


def test_the_normal_images_would_be_damaged_themselves() -> None:
    pictures = _pictures(3, 1, 16)
    kept = pictures.clone()
    synthesise(pictures, 12, seed=0)
    assert torch.equal(pictures, kept)


def test_a_patch_of_plain_ground_would_count_as_a_defect() -> None:
    plain = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    made = synthesise(plain, 8, seed=0)
    # A copied patch or moved pixels of one shade change nothing: noise and stains stand in.
    assert set(made.kinds.tolist()) == {KINDS.index("noise blob"), KINDS.index("stain")}
    assert made.masks.any((1, 2)).all()


def test_grey_pictures_in_three_channels_would_only_get_coloured_defects() -> None:
    grey = _pictures(4, 1, 32).expand(4, 3, 32, 32)
    made = synthesise(grey, 80, seed=0).images.int()
    coloured = (made - made[:, :1]).abs().amax((1, 2, 3)) > 10
    assert 5 < coloured.sum() < 38  # about half of the noise and the stains, no other


def test_a_pasted_patch_would_come_from_elsewhere() -> None:
    stripes = np.zeros((1, 40, 40), np.uint8)
    stripes[0, :, ::2] = 250
    for seed in range(30):
        pasted = defects.cut_paste(stripes, np.random.default_rng(seed))
        changed = pasted != stripes
        rows, columns = np.flatnonzero(changed.any((0, 2))), np.flatnonzero(changed.any((0, 1)))
        assert len(rows) * len(columns) <= SHARES[1] * 1600 * 1.15
        assert ((pasted == 0) | (pasted >= 225)).all()


def test_a_patch_would_be_pasted_where_it_was() -> None:
    """There it would be what is there already, a little brighter or darker throughout."""
    noise = np.random.default_rng(0).integers(60, 200, (1, 40, 40)).astype(np.uint8)
    for seed in range(20):
        pasted = defects.cut_paste(noise, np.random.default_rng(seed))
        changed = pasted != noise
        assert (pasted[changed] / noise[changed]).std() > 0.1


def test_a_warp_would_fold_or_reach_beyond_its_disc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defects, "_share", lambda *_: 0.1)
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    both = np.stack([ramp, ramp.T])
    for seed in range(50):
        warped = defects.local_warp(both, np.random.default_rng(seed)).astype(np.int64)
        assert (np.diff(warped[0], axis=1) >= 0).all()
        assert (np.diff(warped[1], axis=0) >= 0).all()
        assert (warped != both).any(0).mean() <= 0.1


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((3, 2, 1, 1), "images of one pixel"),
        ((3, 1, 7, 7), "images of 7 x 7 pixels"),
        ((3, 1, 8, 9), "8 x 9"),
        ((0, 1, 8, 8), "there are none"),
    ],
)
def test_pictures_without_room_for_a_defect_would_be_taken(
    shape: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        synthesise(torch.zeros(shape, dtype=torch.uint8), 4, seed=0)


def test_none_would_be_too_few() -> None:
    made = synthesise(_pictures(2, 1, 8), 0, seed=0)
    assert [len(made.images), len(made.masks), len(made.kinds)] == [0, 0, 0]


def test_trying_again_would_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = dict.fromkeys(KINDS, lambda picture, _: picture)
    monkeypatch.setattr(synthetic, "_WAYS", ways)
    with pytest.raises(AssertionError):
        synthesise(_pictures(1, 1, 8), 1, seed=0)
