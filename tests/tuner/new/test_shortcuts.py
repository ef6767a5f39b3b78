"""A measure that tells two sides apart is named, and one that does not is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from models.data.folder.picture import OwnPart, Picture
from tuner.new.shortcuts import Shortcut, comparisons, shortcut_lines, shortcuts
from tuner.new.statistics import Measures

PLAIN = Measures(
    width=64,
    height=48,
    mode="RGB",
    format="JPEG",
    coloured=True,
    brightest=None,
    file_bytes=1000,
    jpeg_quality=90,
    brightness=120,
    contrast=20,
    sharpness=5,
)


def many(count: int, **changes: float | str) -> list[Measures]:
    return [replace(PLAIN, **changes) for _ in range(count)]  # type: ignore[arg-type]


def found(*sides: tuple[OwnPart, bool, list[Measures]]) -> list[Shortcut]:
    """Sides by part of the folder, whether they are bad, and their pictures."""
    measures = [each for _, _, of_side in sides for each in of_side]
    bad = [is_bad for _, is_bad, of_side in sides for _ in of_side]
    parts = [part for part, _, of_side in sides for _ in of_side]
    pictures = [
        Picture(path=Path(f"{n}.png"), name=f"{n}.png", kind="k", part=part)
        for n, part in enumerate(parts)
    ]
    return shortcuts(comparisons(pictures, measures, bad))


def telling(shortcuts_found: list[Shortcut]) -> list[str]:
    return [line.strip() for line in shortcut_lines(shortcuts_found) if line.startswith("  !")]


@pytest.mark.parametrize(("good", "bad"), [(100, 140), (140, 100)])
def test_a_lamp_would_not_be_named_in_either_direction(good: float, bad: float) -> None:
    said = telling(
        found(("", False, many(9, brightness=good)), ("", True, many(7, brightness=bad)))
    )
    assert said == [
        "! mean brightness alone tells bad from good (1.000): a detector will learn the lamp, "
        "not the scratch"
    ]


@pytest.mark.parametrize("count", [5, 6, 7, 8, 9, 20])
def test_chance_would_name_a_shortcut_of_few_pictures_or_hide_one_of_many(count: int) -> None:
    """Nine measures are looked at, and one tells all apart: the rank-sum test, nine times over."""
    values = list(range(2 * count))
    dark, bright = values[:count], values[count:]
    sides = [[replace(PLAIN, brightness=float(each)) for each in side] for side in (dark, bright)]
    test = mannwhitneyu(dark, bright, use_continuity=False, method="asymptotic")
    said = telling(found(("", False, sides[0]), ("", True, sides[1])))
    assert len(said) == (9 * test.pvalue < 0.01)
    assert (count >= 8) == bool(said)


def test_a_shortcut_would_be_seen_where_there_is_none() -> None:
    generator = np.random.default_rng(0)
    sides = [
        [replace(PLAIN, brightness=float(each)) for each in generator.normal(120, 9, 200)]
        for _ in range(2)
    ]
    assert telling(found(("", False, sides[0]), ("", True, sides[1]))) == []


def test_the_auroc_of_a_measure_would_not_be_that_of_all_pairs() -> None:
    good, bad = [1.0, 2, 3, 4, 5], [3.0, 4, 6, 7, 8, 9]
    said = found(
        ("", False, [replace(PLAIN, sharpness=each) for each in good]),
        ("", True, [replace(PLAIN, sharpness=each) for each in bad]),
    )
    pairs = [(b > g) + 0.5 * (b == g) for g in good for b in bad]
    of_sharpness = next(each for each in said if each.measure == "sharpness")
    assert of_sharpness.auroc == pytest.approx(np.mean(pairs))


def test_good_test_pictures_would_hide_among_those_of_train() -> None:
    said = telling(
        found(
            ("train", False, many(30, brightness=140)),
            ("test", False, many(8, brightness=90)),
            ("test", True, many(20, brightness=140)),
        )
    )
    assert [line.split(" (")[0] for line in said] == [
        "! mean brightness alone tells test/bad from test/good",
        "! mean brightness alone tells test/good from train/good",
    ]


def test_bad_pictures_would_not_be_compared_where_only_train_has_good_ones() -> None:
    said = telling(found(("train", False, many(30, width=64)), ("test", True, many(20, width=65))))
    assert said[0].startswith(
        "! width alone tells bad from good (1.000): a detector will learn the"
    )


@pytest.mark.parametrize("key", ["mode", "format"])
def test_a_mode_or_format_of_one_side_alone_would_go_unseen(key: str) -> None:
    first = many(4, **{key: "PNG"}) + many(4, **{key: "TIFF"})
    said = found(("", False, first), ("", True, many(8, **{key: "BMP"})))
    name = {"mode": "colour mode", "format": "file format"}[key]
    assert [each.auroc for each in said if each.measure == name] == [1]


def test_few_pictures_or_equal_ones_would_seem_to_say_something() -> None:
    few = found(("", False, many(9)), ("", True, many(4, brightness=9)))
    assert few == []
    assert "not looked for" in shortcut_lines(few)[0]
    alike = found(("", False, many(9)), ("", True, many(9)))
    assert {each.auroc for each in alike} == {None}


def test_a_quality_that_few_pictures_have_would_be_compared() -> None:
    nan = float("nan")
    good = many(9, jpeg_quality=nan) + many(4, jpeg_quality=90)
    said = found(("", False, good), ("", True, many(9, jpeg_quality=50)))
    assert [each.auroc for each in said if each.measure == "JPEG quality"] == [None]
