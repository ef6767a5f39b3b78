"""What is doubtful about the images of a search is said before it trains."""

from typing import Any

import pytest

from models.data.sources import find
from models.data.tasks import make_splits
from tests.tuner.space.test_space import GOOD
from tuner.planning.data_summary import search_warnings
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
