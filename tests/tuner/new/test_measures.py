"""What is measured of a picture, held against closed forms and against what was saved."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tuner.new.folders import picture
from tuner.new.statistics import Measures, measure, measure_all


def saved(path: Path, array: np.ndarray, **options: object) -> Measures:
    Image.fromarray(array).save(path, **options)
    return measure(path)


def test_brightness_contrast_or_sharpness_would_be_another_figure(tmp_path: Path) -> None:
    array = np.full((6, 10), 100, np.uint8)
    array[:, 5:] = 140
    found = saved(tmp_path / "a.png", array)
    assert (found.width, found.height) == (10, 6)
    assert (found.brightness, found.contrast) == (120, 20)
    # The Laplacian is +40 and -40 in the two columns at the edge, 0 in the eight others.
    assert found.sharpness == pytest.approx(2 * 40**2 / 10)


def test_brightness_of_a_colour_would_not_be_that_of_its_grey(tmp_path: Path) -> None:
    array = np.zeros((4, 4, 3), np.uint8)
    array[..., 1] = 100
    found = saved(tmp_path / "green.png", array)
    assert found.brightness == pytest.approx(58.7, abs=0.01)
    assert found.coloured


def test_a_grey_picture_saved_in_colour_would_count_as_coloured(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
    assert not saved(tmp_path / "rgb.png", np.stack([grey] * 3, 2)).coloured
    assert not saved(tmp_path / "rgb.jpg", np.stack([grey] * 3, 2)).coloured


@pytest.mark.parametrize("quality", [10, 50, 75, 90, 97])
def test_the_quality_of_a_jpeg_would_be_misjudged(tmp_path: Path, quality: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    found = saved(tmp_path / "a.jpg", noise, quality=quality)
    assert found.jpeg_quality == pytest.approx(quality, abs=1)


def test_a_png_would_have_the_quality_of_a_jpeg(tmp_path: Path) -> None:
    assert math.isnan(saved(tmp_path / "a.png", np.zeros((4, 4), np.uint8)).jpeg_quality)


def test_the_pages_of_a_file_would_go_unseen(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (10, 200, 250)]
    for name in ("a.tiff", "a.webp", "a.png"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        assert measure(tmp_path / name).frames == 3
    assert saved(tmp_path / "one.png", np.zeros((4, 4), np.uint8)).frames == 1


@pytest.mark.parametrize("brightest", [1023, 4095, 4096, 65535])
def test_the_highest_value_of_16_bits_would_be_lost(tmp_path: Path, brightest: int) -> None:
    array = np.zeros((4, 4), np.uint16)
    array[1, 2] = brightest
    assert saved(tmp_path / "a.png", array).brightest == brightest


def test_what_cannot_be_read_would_end_the_look_at_the_others(tmp_path: Path) -> None:
    good, cut, empty = (tmp_path / name for name in ("good.png", "cut.png", "empty.png"))
    picture(good, 0)
    cut.write_bytes(good.read_bytes()[:60])
    empty.touch()
    found = measure_all([cut, good, empty], print)
    assert list(found.measures) == [good]
    assert list(found.unreadable) == [cut, empty]
    assert found.unreadable[empty] == "the file is empty"
