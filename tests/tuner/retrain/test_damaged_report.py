"""A report that is damaged is no missing one: to train anew would open test a second time."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.retrain.conftest import make_search, plan_of
from tuner.errors import TunerError
from tuner.figures.metrics import read_metrics, write_metrics
from tuner.retrain.plan import Plan
from tuner.retrain.report import stored_metrics


def reported(plan: Plan, **more: Any) -> Path:
    plan.run_folder.report.mkdir()
    metrics = {"configuration": plan.configuration(), "auroc": 0.9375, **more}
    write_metrics(metrics, plan.run_folder.metrics)
    return plan.run_folder.metrics


def test_a_whole_report_would_be_refused(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    assert stored_metrics(plan) is None
    reported(plan)
    found = stored_metrics(plan)
    assert found == {"configuration": plan.configuration(), "auroc": 0.9375}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"0.9375", b"0.9975"),
        (b"}", b""),
        (b"{", b"\xff"),
        (b"{", b"[" * 100_000 + b"{"),
        (b'"configuration"', b'"configuratiom"'),
    ],
)
def test_a_damaged_report_would_open_test_a_second_time_or_be_shown(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    path = reported(plan)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(TunerError, match=r"metrics\.json is damaged") as caught:
        stored_metrics(plan)
    assert "metrics.json" in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\0" * 9, '{"configuration": 3}'])
def test_what_is_no_report_would_count_as_none(tmp_path: Path, content: str) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    reported(plan).write_text(content)
    with pytest.raises(TunerError, match="open the test split again, with --again"):
        stored_metrics(plan)


def test_an_earlier_versions_report_would_be_refused(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    path = reported(plan)
    metrics = json.loads(path.read_text())
    del metrics["sha256"]
    path.write_text(json.dumps(metrics))
    assert stored_metrics(plan) == metrics


def test_a_report_that_is_a_folder_would_count_as_none(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    plan.run_folder.metrics.mkdir(parents=True)
    with pytest.raises(TunerError, match=r"metrics\.json is a folder"):
        read_metrics(plan.run_folder.metrics)
