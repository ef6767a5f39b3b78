"""Openings of the test split are counted across searches, crashes and configurations."""

import json
from pathlib import Path

import pytest

from tests.tuner.retrain.conftest import make_search, plan_of
from tuner.errors import TunerError
from tuner.retrain.ledger import Openings, check_record, open_test


def test_another_configuration_or_class_would_be_counted_as_the_same(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        make_search(tmp_path / "runs" / name)
    plan = plan_of(tmp_path / "runs" / "one")
    assert open_test(plan) == Openings(of_configuration=1, of_task=1)
    wider = plan_of(tmp_path / "runs" / "two", fixed={"width": 4})
    assert open_test(wider) == Openings(of_configuration=1, of_task=2)
    fives = plan_of(tmp_path / "runs" / "two", data={"dataset": "digits", "normal": [5]})
    assert open_test(fives) == Openings(of_configuration=1, of_task=1)
    by_index = plan_of(tmp_path / "runs" / "three", data={"dataset": "digits", "normal": [3]})
    assert open_test(by_index) == Openings(of_configuration=2, of_task=3)


def test_a_line_torn_by_a_crash_would_swallow_the_next(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    open_test(plan)
    with plan.run_folder.test_openings.open("a") as file:
        file.write('{"detector": "two-')
    assert open_test(plan).of_configuration == 2
    assert open_test(plan).of_configuration == 3
    lines = plan.run_folder.test_openings.read_text().splitlines()
    assert [line for line in lines if line.endswith("}")] == [lines[0], lines[2], lines[3]]
    assert json.loads(lines[3])["search"] == "run"


def test_training_would_start_where_the_opening_cannot_be_counted(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    plan.run_folder.test_openings.mkdir()
    with pytest.raises(TunerError, match="which cannot be written"):
        check_record(plan)
