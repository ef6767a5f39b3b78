"""Pictures as people have them become the bytes that detectors see."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from models.data.decoding import Unreadable, decode, picture_size, preprocess, preprocess_mask
from models.data.preprocessing import Preprocessing

COLOUR = Preprocessing(size=16, channels=3)
GREY = Preprocessing(size=16, channels=1)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_a_format_would_not_be_read_or_change_its_pixels(kind: str) -> None:
    colours = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=2)
    options = {"lossless": True} if kind == "WEBP" else {}
    made = decode(saved(Image.fromarray(colours), kind, **options), COLOUR)
    assert np.array_equal(made, colours.transpose(2, 0, 1))


def test_jpeg_would_be_far_from_its_pixels() -> None:
    made = decode(saved(Image.fromarray(RAMP), "JPEG", quality=95), GREY)
    assert np.abs(made[0].astype(int) - RAMP).mean() < 3


def test_grey_would_be_coloured_or_colours_weighed_alike() -> None:
    grey = decode(saved(Image.fromarray(RAMP), "PNG"), COLOUR)
    assert np.array_equal(grey, np.stack([RAMP] * 3))
    green = Image.new("RGB", (16, 16), (0, 255, 0))
    assert decode(saved(green, "PNG"), GREY).max() == 150  # 0.587 of 255, as ITU-R 601 says


def test_sixteen_bits_would_be_cut_to_white() -> None:
    values = RAMP.astype(np.uint16) * 257
    assert np.array_equal(decode(saved(Image.fromarray(values), "PNG"), GREY)[0], RAMP)
    twelve = Preprocessing(size=16, channels=3, bits=12)
    values = RAMP.astype(np.uint16) * 16
    made = decode(saved(Image.fromarray(values), "TIFF"), twelve)
    assert np.abs(made[1].astype(int) - RAMP).max() <= 1


def test_what_is_transparent_would_show_its_hidden_colour() -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, 8:, 3] = 255
    made = decode(saved(Image.fromarray(pixels, "RGBA"), "PNG"), COLOUR)
    assert (made[:, :, :8] == 255).all()
    assert (made[:, :, 8:] == 0).all()
    palette = Image.fromarray(RAMP // 128).convert("P")
    palette.putpalette([9, 9, 9, 200, 0, 0])
    made = decode(saved(palette, "PNG", transparency=0), COLOUR)
    assert set(made[0].ravel()) == {255, 200}


def test_cmyk_would_be_inverted() -> None:
    made = decode(saved(Image.new("RGB", (16, 16), (250, 20, 20)).convert("CMYK"), "JPEG"), COLOUR)
    assert made[0].mean() > 200
    assert made[1].mean() < 100


def test_a_picture_turned_by_exif_would_lie_on_its_side() -> None:
    wide = np.zeros((16, 32), np.uint8)
    wide[:, 24:] = 255  # bright at the right; turned by 90 degrees clockwise it is at the bottom
    picture = Image.fromarray(wide)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(picture, "JPEG", exif=exif, quality=95)
    made = decode(data, GREY)[0]
    assert made[13:].mean() > 240
    assert made[:11].mean() < 20


def test_the_size_of_a_turned_picture_would_be_that_of_its_file(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    Image.new("L", (32, 16)).save(path, exif=exif)
    assert picture_size(path) == (16, 32)


class TestShapes:
    wide = np.repeat(np.array([[0, 100, 200, 255]], np.uint8), 2, 0).repeat(8, 0).repeat(8, 1)

    def made(self, resize: str, size: int = 16) -> np.ndarray:
        form = Preprocessing(size=size, channels=1, resize=resize)  # type: ignore[arg-type]
        return decode(saved(Image.fromarray(self.wide), "PNG"), form)[0]

    def test_stretching_would_cut(self) -> None:
        made = self.made("stretch")
        assert (made[8, 0], made[8, 15]) == (0, 255)

    def test_padding_would_distort_or_fill_with_anything(self) -> None:
        made = self.made("pad")
        assert (made[:4] == 0).all()
        assert (made[12:] == 0).all()
        assert (made[8, 15], made[4, 15], made[11, 15]) == (255, 255, 255)

    def test_cropping_would_take_the_corner(self) -> None:
        made = self.made("crop")
        assert set(made.ravel()) == {100, 200}

    def test_resizing_would_be_another_than_the_librarys(self) -> None:
        generator = torch.Generator().manual_seed(0)
        pixels = torch.randint(256, (3, 37, 53), dtype=torch.uint8, generator=generator)
        expected = functional.resize(pixels.float(), [16, 16], antialias=True)
        assert (preprocess(pixels, COLOUR) - expected).abs().max() < 0.5 + 1 / 1024

    def test_a_thin_defect_would_vanish_from_its_mask(self) -> None:
        mask = torch.zeros((256, 256), dtype=torch.bool)
        mask[100, 40] = True
        made = preprocess_mask(mask, COLOUR)
        assert made.sum() == 1
        assert made[100 // 16, 40 // 16]
        assert not preprocess_mask(torch.zeros_like(mask), COLOUR).any()
        half = torch.zeros((32, 32), dtype=torch.bool)
        half[:, :16] = True
        assert torch.equal(preprocess_mask(half, COLOUR), half[::2, ::2])


def bomb(side: int) -> bytes:
    """A PNG whose header promises side x side pixels, of which all are the same."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes((side // 8 + 1) * 64))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture of a known format"),
        (b"MZ" + bytes(100), "no picture of a known format"),
        (saved(Image.fromarray(RAMP), "PNG")[:-60], "(?i)truncated"),
        (saved(Image.fromarray(RAMP), "JPEG")[:-100], "(?i)truncated"),
        (bomb(40_000), "too large"),
        (saved(Image.fromarray(RAMP), "GIF"), "no picture of a known format"),
        (saved(Image.fromarray(RAMP.astype(np.float32)), "TIFF"), "floating-point"),
        (saved(Image.fromarray(RAMP.astype(np.int32) * 999), "TIFF"), "whole numbers from 0 to"),
        (saved(Image.fromarray(RAMP.astype(np.int32) - 9), "TIFF"), "whole numbers from -9 to"),
    ],
)
def test_a_damaged_or_hostile_file_would_be_decoded_or_be_a_traceback(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        decode(path, COLOUR)


def test_a_picture_would_take_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.data.decoding.MOST_PIXELS", 10_000)
    monkeypatch.setattr("models.data.decoding.LARGE", 1_000)
    large = saved(Image.new("RGB", (101, 100)), "PNG")
    with pytest.raises(Unreadable, match="too large: 101 x 100, at most"):
        decode(large, COLOUR)
    thin = saved(Image.new("L", (2, 300)), "PNG")
    crop = Preprocessing(size=16, channels=1, resize="crop")
    with pytest.raises(Unreadable, match="too long: 2 x 300"):
        decode(thin, crop)
    assert decode(thin, GREY).shape == (1, 16, 16)


def test_a_large_picture_would_be_resized_otherwise_a_channel_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 70, 3)).astype(np.uint8)
    data = saved(Image.fromarray(pixels), "PNG")
    expected = decode(data, COLOUR)
    monkeypatch.setattr("models.data.decoding.LARGE", 1_000)
    assert np.array_equal(decode(data, COLOUR), expected)


def test_a_file_that_is_gone_would_be_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    for path in (tmp_path / "gone.png", tmp_path / "link.png", tmp_path):
        with pytest.raises(Unreadable):
            decode(path, COLOUR)


def test_decoding_in_threads_would_switch_warnings_off_for_good(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(RAMP).save(path)
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: decode(path, GREY), range(200)))
    assert list(warnings.filters) == before
