"""A folder's pictures in a few lines."""

from dataclasses import replace

import pytest

from tests.tuner.new.test_shortcuts import PLAIN
from tuner.new import summary


def test_the_kinds_would_not_add_up() -> None:
    line = summary.kinds_line(["good"] * 3 + ["dent"] * 2 + ["scratch"], {"good"})
    assert line.split(maxsplit=1)[1] == "6: 3 good, 3 bad (2 dent, 1 scratch)"
    assert "none known to be bad" in summary.kinds_line(["good"], {"good"})
    assert "2 good (1 cat, 1 dog)" in summary.kinds_line(["cat", "dog"], {"cat", "dog"})


def test_the_most_common_size_would_not_be_told() -> None:
    small = [replace(PLAIN, width=10, height=90)]
    line = summary.size_line([*small, PLAIN, PLAIN])
    assert "10 to 64 wide, 48 to 90 high, most often 64 x 48 (2 of 3)" in line
    assert "64 x 48, all of them" in summary.size_line([PLAIN])


@pytest.mark.parametrize(
    ("brightest", "bits"), [(255, 8), (256, 10), (1023, 10), (4095, 12), (4096, 14), (65535, 16)]
)
def test_the_bits_of_a_camera_would_be_misjudged(brightest: int, bits: int) -> None:
    assert summary.bits_used([PLAIN, replace(PLAIN, brightest=brightest)]) == bits
    assert summary.bits_line([PLAIN]) == ""


def test_equal_files_would_go_unseen() -> None:
    assert summary.duplicates_line(["a", "b"], ["1", "2"]).endswith("none")
    line = summary.duplicates_line(["a", "b", "c"], ["1", "2", "1"])
    assert "1 picture is equal to another, such as a and c" in line


def test_a_picture_in_colour_would_be_taken_for_grey() -> None:
    grey = replace(PLAIN, coloured=False)
    assert summary.all_grey([grey, grey])
    assert not summary.all_grey([grey, PLAIN])
    assert "1 in colour, 1 grey" in summary.colour_line([grey, PLAIN])


def test_a_file_of_several_pictures_would_be_taken_for_one() -> None:
    line = summary.frames_line([PLAIN, replace(PLAIN, frames=12)])
    assert "1 of 2 files hold several pictures: only the first counts" in line
    assert summary.frames_line([PLAIN]) == ""
