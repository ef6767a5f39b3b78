"""What a retrain has left is gone, damaged or of another: a sentence, never a traceback."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tuner.report.conftest import Runs
from tuner.record.run_folder import RunFolder
from tuner.report.__main__ import main
from tuner.report.material import read_material
from tuner.report.writing import sections_of


@pytest.fixture
def run(runs: Runs, tmp_path: Path) -> RunFolder:
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(runs["retrained"].path, copy.path)
    return copy


def forget_labels(metrics: dict[str, Any]) -> None:
    del metrics["label"]


def forget_a_figure(metrics: dict[str, Any]) -> None:
    del metrics["baselines"]["pca"]["test"]["auroc"]


@pytest.mark.parametrize("content", ["", "{", "[]", "\0" * 9, '{"configuration": 3}'])
def test_a_report_that_is_none_would_end_in_a_traceback(
    run: RunFolder, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run.metrics.write_text(content)
    assert main(["--run", str(run.path)]) == 2
    said = capsys.readouterr().err
    assert "metrics.json is damaged" in said
    assert "Traceback" not in said
    assert "from a copy" in said and "--again" in said


def test_a_record_that_lost_its_end_would_be_reported_of(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    before = run.page.read_bytes() if run.page.exists() else None
    assert main(["--run", str(run.path)]) == 2
    assert "has lost lines at its end" in capsys.readouterr().err
    assert (run.page.read_bytes() if run.page.exists() else None) == before


@pytest.mark.parametrize(("content", "said"), [(None, "is missing"), ("", "is damaged")])
def test_a_space_file_that_is_gone_would_leave_nothing_to_do(
    run: RunFolder, content: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run.space.unlink()
    if content is not None:
        run.space.write_text(content)
    assert main(["--run", str(run.path)]) == 2
    message = capsys.readouterr().err
    assert f"space.yaml {said}" in message and "--resume" in message


def test_a_report_that_was_changed_would_be_believed(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = json.loads(run.metrics.read_text())
    metrics["test"]["auroc"]["mean"] = 0.9999
    run.metrics.write_text(json.dumps(metrics))
    assert main(["--run", str(run.path)]) == 2
    assert "it was changed after it was written" in capsys.readouterr().err


@pytest.mark.parametrize("change", [forget_labels, forget_a_figure])
def test_an_old_report_without_a_sum_that_lacks_a_part_would_end_in_a_traceback(
    run: RunFolder, change: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = json.loads(run.metrics.read_text())
    del metrics["sha256"]
    change(metrics)
    run.metrics.write_text(json.dumps(metrics))
    assert main(["--run", str(run.path)]) == 2
    assert "metrics.json is damaged: it has not what a report has" in capsys.readouterr().err


def test_a_fault_of_our_own_would_be_blamed_on_the_report(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault of the page")

    monkeypatch.setattr("tuner.report.sections.cost.section", broken)
    with pytest.raises(ValueError, match="a fault of the page"):
        sections_of(read_material(run))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_others(path: Path) -> None:
    np.savez(path, test_label=np.zeros(3), other=np.zeros(3))


def changed_within(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 40] = bytes(40)
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, emptied, of_others, changed_within, Path.unlink])
@pytest.mark.parametrize("name", ["scores", "telling_images"])
def test_damaged_arrays_would_cost_the_page(
    run: RunFolder, harm: Callable[[Path], None], name: str
) -> None:
    path: Path = getattr(run, name)
    harm(path)
    assert main(["--run", str(run.path)]) == 0
    sections = {one.key: one for one in sections_of(read_material(run))}
    assert "has an AUROC of" in sections["test"].sentence
    assert "flags 1 normal image of 8" in sections["images"].sentence
    said = sections["test" if name == "scores" else "images"].context["note"]
    assert (path.name in said) == (name == "scores" or path.exists())
    assert "damaged" in said or not path.exists()
    assert said in run.page.read_text(encoding="utf-8")
    assert ("roc" in sections["test"].figures) == (name != "scores")
    assert bool(sections["images"].context["groups"]) == (name == "scores")


def test_scores_of_other_seeds_would_be_drawn(run: RunFolder) -> None:
    with np.load(run.scores) as stored:
        arrays = {name: stored[name] for name in stored}
    np.savez(run.scores, **arrays | {"test_best": arrays["test_best"][:1]})
    assert main(["--run", str(run.path)]) == 0
    assert {one.key: one for one in sections_of(read_material(run))}["test"].figures == {}


@pytest.mark.parametrize("content", [None, "", "\0" * 400])
def test_a_lost_record_would_be_reported_as_a_search_of_no_trials(
    run: RunFolder, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    run.journal.unlink()
    if content is not None:
        run.journal.write_text(content)
    assert main(["--run", str(run.path)]) == 2
    assert "Bring the file back from a copy" in capsys.readouterr().err


def test_another_runs_record_would_be_reported_as_this_ones(
    run: RunFolder, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(runs["interrupted"].journal, run.journal)
    assert main(["--run", str(run.path)]) == 2
    assert "is not the space that this search was recorded with" in capsys.readouterr().err
