"""What a sampler cannot search is said as the space file is read."""

from pathlib import Path

import pytest

from tests.tuner.space.test_space import complaints, good_text
from tuner.errors import SpaceError
from tuner.space import load_space, samplers
from tuner.space.domains import Choice, Int

GRID = {
    "sampler": "{name: grid}",
    "search": "{patch_n: {int: [1, 9, 2]}, width: {choice: [8, 16]}}",
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"search": "{generator_lr: {log: [1e-5, 1e-3]}}"},
            "search.generator_lr: a grid tries every value, and {log: [1e-05, 0.001]} has no end "
            "of them; name them, as in {choice: [1e-05, 0.0001, 0.001]}",
        ),
        (
            {"search": "{patch_weight: {uniform: [0, 5]}}"},
            "name them, as in {choice: [0.0, 2.5, 5.0]}, or give a step as third number",
        ),
        (
            {"trials": "13"},
            "3: trials: must be at most 12: the grid has 10 combinations, and 2 published sets ",
        ),
        (
            {"scales": "{cpu: {trials: 12}, gpu: {trials: 13}}", "trials": "12"},
            "scales.gpu.trials: must be at most 12",
        ),
        (
            {"search": "{patch_weight: {uniform: [0, 5, 0.00001]}}"},
            "sampler.name: the grid has 500,001 combinations, allowed are 100,000; search fewer",
        ),
    ],
)
def test_a_grid_would_have_no_end_or_too_few_combinations(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    found = complaints(tmp_path, good_text(**(GRID | changes)))
    assert any(message in each for each in found), found


def test_a_grid_of_all_its_combinations_would_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(good_text(**GRID, trials="12"))
    assert load_space(path).search == {"patch_n": Int(1, 9, 2), "width": Choice((8, 16))}


def test_choices_alone_would_be_searched_by_cmaes(tmp_path: Path) -> None:
    changes = {"sampler": "{name: cmaes}", "search": "{width: {choice: [8, 16]}}"}
    (found,) = complaints(tmp_path, good_text(**changes))
    assert found.endswith(
        "sampler.name: cmaes learns ranges alone, and all that is searched are choices; use qmc"
    )


def test_a_search_would_begin_without_a_package_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one is refused; the record of one is read on any machine."""
    monkeypatch.setattr(samplers, "find_spec", lambda _name: None)
    path = tmp_path / "space.yaml"
    path.write_text(good_text(sampler="{name: cmaes}"))
    assert load_space(path).sampler.name == "cmaes"
    with pytest.raises(SpaceError, match=r"yaml:5: sampler\.name: needs the package cmaes"):
        load_space(path, new=True)
