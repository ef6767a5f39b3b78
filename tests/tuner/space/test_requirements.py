"""What is required of configurations is read as it is written, and said where it makes no sense."""

from pathlib import Path

import pytest

from tests.tuner.space.test_space import complaints, good_text, load
from tuner.space.domains import Choice, Int, Log, LogInt, Uniform
from tuner.space.requirements import Requirement, meets

VALUES = {"a": 3, "b": 0.5, "word": "tanh"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a <= 3", True),
        ("a < 3", False),
        ("1 < a < 5", True),
        ("1 < a < 3", False),
        ("a * 2 + 1 == 7", True),
        ("b - 1 >= -b", True),
        ("word == 'tanh'", True),
        ("word != 'tanh'", False),
    ],
)
def test_a_comparison_would_be_read_otherwise(text: str, holds: bool) -> None:
    assert Requirement(text).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patch_n", "must be a comparison such as patch_n <= 5"),
        ("patch_n <", "must be a comparison such as patch_n <= 5"),
        ("patch_n <= 9 or width > 3", "must be a comparison"),
        ("patch_n ** 9 > 1", "must be a comparison"),
        ("open('x') < 1", "must be a comparison"),
        ("patch_n < True", "must be a comparison"),
        (f"patch_n < {'1 + ' * 99}1", "must be a comparison"),
        ("patches_n <= 3", "patches_n <= 3: unknown hyperparameter 'patches_n'; allowed: "),
        ("1 < 2", "1 < 2: names no hyperparameter"),
        ("activation < 3", "a word is no number: compare it by == or !=; got 'activation < 3'"),
        ("activation * 9 != 3", "a word is no number"),
        ("patch_n > 9", "fewer than 10 of 10,000 configurations drawn at random meet this"),
        ("patch_n > width", "fewer than 10 of 10,000 configurations drawn at random meet this"),
    ],
)
def test_a_requirement_that_makes_no_sense_would_be_searched_by(
    tmp_path: Path, text: str, message: str
) -> None:
    changes = {"require": f'["{text}"]', "fixed": "{width: 16}"}
    (found,) = complaints(tmp_path, good_text(**changes))
    assert found.startswith(f"space.yaml:5: require: {message}")


def test_a_requirement_would_be_held_against_another_scale(tmp_path: Path) -> None:
    changes = {"scales": "{cpu: {width: 16}, gpu: {width: 8}}", "require": "patch_n + 7 < width"}
    (found,) = complaints(tmp_path, good_text(**changes))
    assert "require: fewer than 10 of 10,000" in found


def test_what_is_fixed_would_not_be_compared(tmp_path: Path) -> None:
    space = load(tmp_path, good_text(fixed="{width: 8}", require="patch_n <= width - 3"))
    required = meets(space)
    assert required is not None
    assert [required({"patch_n": n}) for n in (5, 6)] == [True, False]
    assert space.require == ["patch_n <= width - 3"]
    assert meets(load(tmp_path, good_text())) is None


def test_a_grid_would_count_what_it_does_not_try(tmp_path: Path) -> None:
    changes = {"sampler": "{name: grid}", "require": "patch_n <= 3", "trials": "6"}
    (found,) = complaints(tmp_path, good_text(**changes))
    assert "must be at most 5: the grid has 3 combinations" in found


def test_a_value_would_be_drawn_outside_its_domain() -> None:
    import random

    from tuner.space.requirements import any_of

    generator = random.Random(1)
    for domain, low, high in [(Int(1, 9, 4), 1, 9), (Uniform(0, 1, 0.25), 0, 1), (Log(1, 2), 1, 2)]:
        drawn = [float(any_of(domain, generator)) for _ in range(50)]
        assert low <= min(drawn) < max(drawn) <= high
    assert {any_of(Int(1, 9, 4), generator) for _ in range(50)} == {1, 5, 9}
    assert {any_of(LogInt(1, 3), generator) for _ in range(50)} == {1, 2, 3}
    assert {any_of(Choice(("a", "b")), generator) for _ in range(50)} == {"a", "b"}
