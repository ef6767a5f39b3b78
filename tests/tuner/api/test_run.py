"""A run's tables and figures, held against its files, its record and its report."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.tuner.report.runs import finished, interrupted
from tests.tuner.simulated import small_space
from tuner.api import Run, report
from tuner.errors import TunerError
from tuner.record.run_folder import RunFolder
from tuner.report.material import Material, read_material
from tuner.report.writing import sections_of
from tuner.results.files import write_results
from tuner.simulation.curves import Formula
from tuner.simulation.search import simulate


@pytest.fixture(scope="module", params=[finished, interrupted])
def material(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A search on made-up curves, and one that was killed and has faults."""
    folder: RunFolder = request.param(tmp_path_factory.mktemp("runs") / "mine")
    return read_material(folder)


def test_a_frame_of_trials_would_say_otherwise_than_trials_csv(material: Material) -> None:
    write_results(material.space, material.folder, material.trials)
    found, written = Run(material.folder.path).trials, pd.read_csv(material.folder.table)
    assert list(found.columns) == list(written.columns)
    assert len(found) == len(material.trials)
    found = found.assign(reason=found["reason"].replace("", math.nan))  # an empty cell
    pd.testing.assert_frame_equal(found, written, check_dtype=False, check_exact=True)
    assert found["best_epoch"].dtype == "Int64"


def test_a_whole_number_that_some_trials_lack_would_become_a_fraction(tmp_path: Path) -> None:
    search = {
        "activation": {"choice": ["leaky", "tanh"]},
        "patch_n": {"int": [1, 9], "when": {"activation": "tanh"}},
    }
    space = small_space(trials=6, search=search, sampler={"name": "random"})
    simulate(space, tmp_path / "run", Formula(best={}), workers=1)
    frame = Run(tmp_path / "run").trials
    assert str(frame["patch_n"].dtype) == str(frame["width"].dtype) == "Int64"
    assert 0 < frame["patch_n"].isna().sum() < 6


def test_a_frame_of_epochs_would_lack_a_row_or_a_number(material: Material) -> None:
    frame = Run(material.folder.path).epochs
    assert len(frame) == sum(trial.epochs for trial in material.trials) > 50
    assert frame.columns.is_unique
    for trial in material.trials:
        own = frame[frame["trial"] == trial.number]
        assert list(own["epoch"]) == [row.epoch for row in trial.rows]
        for (_, found), row in zip(own.iterrows(), trial.rows, strict=True):
            assert all(found[name] == value for name, value in row.metrics.items())
            assert all(found[f"loss/{name}"] == value for name, value in row.losses.items())
            assert (found["seconds"], found["worker"]) == (row.seconds, row.worker)
            first = next(each for each in trial.decisions if each.epochs == row.epoch).decision
            assert found["decision"] == first.action
            assert (None if pd.isna(found["rung"]) else found["rung"]) == first.rung


def test_a_frame_of_events_would_lack_a_line_of_the_journal(material: Material) -> None:
    frame = Run(material.folder.path).events
    lines = material.folder.journal.read_text(encoding="utf-8").splitlines()
    written = [json.loads(line[line.index("{") :].rpartition("}")[0] + "}") for line in lines]
    assert list(frame["event"]) == [each["event"] for each in written]
    numbers = [None if pd.isna(trial) else trial for trial in frame["trial"]]
    assert numbers == [each.get("trial") for each in written]
    assert frame["time"].iloc[0].timestamp() == pytest.approx(written[0]["time"])


def test_a_figure_would_be_drawn_otherwise_than_in_the_report(material: Material) -> None:
    run, drawn = Run(material.folder.path), {}
    for section in sections_of(material):
        drawn |= section.figures
        drawn |= section.data.get("contours", {})
    assert {"curves", "slices", "parallel", "time"} <= drawn.keys()
    figures = run.figures()
    assert figures.keys() == drawn.keys()
    for name, figure in figures.items():
        made = json.loads(figure.to_json())
        assert len(made["data"]) == len(drawn[name]["data"])
        for found, wanted in zip(made["data"], drawn[name]["data"], strict=True):
            assert _texts(wanted).items() <= _texts(found).items()
    curves = run.figure("curves").to_dict()["layout"]
    assert curves["xaxis"]["title"]["text"] == "epoch"


def _texts(trace: Mapping[str, Any]) -> dict[str, Any]:
    """With the words beside points as words: Plotly makes them of numbers."""
    return {**trace, "text": list(map(str, trace.get("text", ())))}


def test_a_figure_that_is_not_there_would_be_a_key_error(material: Material) -> None:
    run = Run(material.folder.path)
    with pytest.raises(TunerError, match=r"mine has no figure curve; nearest: curves$"):
        run.figure("curve")
    with pytest.raises(TunerError, match="has no figure roc: the best has not been retrained"):
        run.figure("roc")
    with pytest.raises(TunerError, match="has no figure x; there are curves, "):
        run.figure("x")


def test_a_run_that_goes_on_would_be_shown_as_it_was(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "mine")
    run = Run(folder.path)
    before = len(run.events)
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    folder.journal.write_bytes(b"".join(lines[:-1]))
    assert len(run.events) == before - 1


def test_a_folder_without_a_search_would_be_a_run(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match="holds no search"):
        Run(tmp_path)
    with pytest.raises(TunerError, match="holds no search"):
        report(tmp_path)


def test_a_report_would_lie_elsewhere(material: Material) -> None:
    folder = material.folder
    assert Run(folder.path).report() == report(str(folder.path)) == folder.page
    assert folder.page.read_text(encoding="utf-8").startswith("<!doctype html>")
