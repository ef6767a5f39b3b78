"""What is doubtful about the images of a search is said before it trains."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.data.sources import find
from models.data.split import Split, save_splits
from models.data.tasks import make_splits
from tests.tuner.space.test_space import GOOD
from tuner.errors import TunerError
from tuner.planning.data_summary import check_enough, few_text, search_warnings
from tuner.record.run_folder import RunFolder
from tuner.results.files import data_sentence
from tuner.search.figures_note import figures_note
from tuner.space import Space


def said(**changes: Any) -> list[str]:
    """The warnings of a search on the digits, where 8 of the zeros are the normals to fit on."""
    data = {"dataset": "digits", "fit_normals": 8, "clusters": 1}
    space = Space.model_validate(GOOD | {"data": data} | changes)
    return list(search_warnings(space, make_splits(space.data, find(space.data))))


def test_a_default_batch_would_shrink_unsaid() -> None:
    lines = [line for line in said() if line.startswith("batch_normals")]
    assert lines == [
        "batch_normals is 64, and there are 8 normals to fit on: each step sees all of them. A "
        "smaller one under `fixed` gives more steps to an epoch."
    ]
    assert not [line for line in said(fixed={"batch_normals": 8}) if "batch_normals" in line]


def test_a_searched_batch_would_shrink_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.space.data_rules._batch_problems", lambda space: ())  # a folder
    found = said(search={"batch_normals": {"int": [4, 32]}})
    assert (
        "search.batch_normals: {int: [4, 32]} reaches too far: there are 8 normals to fit on, and "
        "all above 8 mean 8."
    ) in found


def emptied(kind: str, kept: int) -> tuple[Space, list[Split]]:
    """A search on the digits whose validation has so many images of a kind."""
    space = Space.model_validate(GOOD | {"data": {"dataset": "digits"}})
    splits = make_splits(space.data, find(space.data))
    rows = f"validation_{kind}"
    return space, [replace(each, **{rows: getattr(each, rows)[:kept]}) for each in splits]


@pytest.mark.parametrize(("kind", "word"), [("normals", "normal"), ("anomalies", "anomalous")])
def test_a_search_that_cannot_judge_a_trial_would_start(kind: str, word: str) -> None:
    space, splits = emptied(kind, 0)
    with pytest.raises(TunerError, match=f"^validation has no {word} images .*so no trial can be"):
        check_enough(space, splits)
    check_enough(*emptied(kind, 1))


@pytest.mark.parametrize(("kind", "word"), [("normals", "normal"), ("anomalies", "anomalous")])
def test_four_images_of_a_kind_would_rank_trials_unsaid(kind: str, word: str) -> None:
    doubt = f"Validation has 4 {word} images, fewer than 20: differences between trials are mostly"
    assert any(line.startswith(doubt) for line in search_warnings(*emptied(kind, 4)))
    assert not any(line.startswith("Validation") for line in search_warnings(*emptied(kind, 20)))
    space, splits = emptied(kind, 19)
    assert few_text(space.data, splits).startswith(f"Validation has 19 {word} images")


def test_the_figures_at_the_end_would_not_say_that_they_are_of_few_images(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    space, splits = emptied("anomalies", 4)
    assert "Validation" not in figures_note(space, folder), "a split that is gone costs no end"
    save_splits(folder.split, splits)
    assert "Validation has 4 anomalous images, fewer than 20" in figures_note(space, folder)
    save_splits(folder.split, emptied("anomalies", 20)[1])
    assert figures_note(space, folder) == data_sentence(space)
