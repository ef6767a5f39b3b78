"""What a report says, held against the record that it is computed from."""

import itertools
import json
import os
import re
import shutil
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tuner.report.conftest import Runs
from tests.tuner.report.runs import BEST, MAKERS
from tests.tuner.simulated import Simulation, small_space
from tuner.record.past import read_past
from tuner.record.run_folder import RunFolder
from tuner.record.trials import EndReason
from tuner.report.__main__ import main
from tuner.report.importance import compared, importance
from tuner.report.log_lines import logs
from tuner.report.material import Material, read_material
from tuner.report.occupation import faults, in_rows, resumes, stretches
from tuner.report.savings import saved
from tuner.report.section import Section
from tuner.report.writing import report_line, sections_of, write_report
from tuner.results.leaderboard import rank
from tuner.retrain.flow import retrain
from tuner.search.finished import show_finished
from tuner.space import dump_space, load_space

ASSETS = Path(__file__).parents[2] / "assets" / "runs"
ORDER = [
    "verdict",
    "leaderboard",
    "curves",
    "importance",
    "parallel",
    "slices",
    "time",
    "test",
    "images",
    "cost",
    "origin",
]


@pytest.fixture(params=list(MAKERS))
def material(request: pytest.FixtureRequest, runs: Runs) -> Material:
    return read_material(runs[request.param])


def of(runs: Runs, name: str) -> dict[str, Section]:
    return {one.key: one for one in sections_of(read_material(runs[name]))}


def embedded(run: RunFolder, name: str) -> dict[str, Any]:
    page = run.page.read_text(encoding="utf-8")
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made


def test_a_section_would_be_missing_or_out_of_order(material: Material) -> None:
    sections = sections_of(material)
    assert [one.key for one in sections] == ORDER
    assert all(one.sentence.endswith(".") for one in sections)
    page = material.folder.page.read_text(encoding="utf-8")
    assert [page.index(f'<section id="{key}">') for key in ORDER] == sorted(
        page.index(f'<section id="{key}">') for key in ORDER
    )


def test_a_figure_would_be_none_that_plotly_knows(material: Material) -> None:
    figure_of = pytest.importorskip("plotly.graph_objects").Figure
    for section in sections_of(material):
        for figure in section.figures.values():
            figure_of(**figure)  # raises ValueError for what it does not know


def test_the_page_would_fetch_something(runs: Runs) -> None:
    page = runs["retrained"].page.read_text(encoding="utf-8")
    page = re.sub(r"<script>.*?</script>", "", page, flags=re.S)  # Plotly's and ours
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
    assert "default-src 'none'" in page


def test_what_a_worker_says_would_become_part_of_the_page(runs: Runs) -> None:
    page = runs["interrupted"].page.read_text(encoding="utf-8")
    assert "<b>no</b>" not in page
    said = embedded(runs["interrupted"], "data")["trials"].values()
    assert any("<b>no</b> </script>" in line for trial in said for line in trial["log"])


def test_the_winner_would_be_another_than_the_leaderboards(material: Material) -> None:
    first = rank(material.trials, material.space.objective)[0]
    verdict = sections_of(material)[0]
    assert f"Trial {first.trial.number}" in verdict.sentence
    settings = {name: best for name, best, _ in verdict.context["settings"]}
    assert settings.keys() == material.space.search.keys()


def test_a_test_figure_would_be_another_than_the_retrains(runs: Runs) -> None:
    metrics = json.loads(runs["retrained"].metrics.read_text())
    sections = of(runs, "retrained")
    assert f"{metrics['test']['auroc']['mean']:.4f}" in sections["verdict"].sentence
    shown = sections["test"].data["threshold"]
    number = metrics["configuration"]["seeds"].index(metrics["model_seed"])
    counts = metrics["test"]["confusion"]["seeds"][number]
    assert sum(score > shown["set"] for score in shown["normal"]) == counts["false_positives"]
    assert sum(score <= shown["set"] for score in shown["anomalous"]) == counts["false_negatives"]


def test_an_image_would_be_shown_as_right_that_is_wrong(runs: Runs) -> None:
    metrics = json.loads(runs["retrained"].metrics.read_text())
    number = metrics["configuration"]["seeds"].index(metrics["model_seed"])
    threshold = metrics["test"]["threshold"]["seeds"][number]
    counts = metrics["test"]["confusion"]["seeds"][number]
    with np.load(runs["retrained"].telling_images) as stored:
        groups = Counter(stored["group"].tolist())
        for group, score in zip(stored["group"], stored["score"], strict=True):
            assert (score > threshold) == (group != "missed")
        assert groups["missed"] == min(8, counts["false_negatives"])
        assert groups["false_alarms"] == min(8, counts["false_positives"])
        assert stored["image"].shape == stored["reconstruction"].shape == stored["map"].shape


def test_what_was_saved_would_count_trials_that_still_wait(runs: Runs) -> None:
    waiting, done = (read_material(runs[name]) for name in ("interrupted", "finished"))
    assert saved(waiting).epochs == 0
    cut = [trial for trial in done.trials if trial.end is EndReason.EARLY_STOPPING]
    assert saved(done).epochs == sum(9 - trial.epochs for trial in cut) > 0
    assert saved(done).share == pytest.approx(saved(done).epochs / (9 * len(done.trials)), abs=1e-9)


def test_two_trials_would_be_drawn_over_each_other(material: Material) -> None:
    rows = list(in_rows(stretches(material)))
    assert sum(len(row) for _, row in rows) >= len(material.trials)
    for _, row in rows:
        for first, second in itertools.pairwise(row):
            assert first.begin <= first.end <= second.begin + 1e-6


def test_the_night_between_two_drivers_would_count_as_search(runs: Runs) -> None:
    material = read_material(runs["interrupted"])
    assert material.moments[-1] == pytest.approx(material.history.seconds)
    assert material.moments[-1] < 7000
    ((at, gap),) = resumes(material)
    assert gap >= 7000
    assert 0 < at < material.moments[-1]


def test_a_fault_would_not_be_marked_where_it_was(runs: Runs) -> None:
    material = read_material(runs["interrupted"])
    found = {kind: (now, why) for kind, now, _, why in faults(material)}
    assert found.keys() == {"lost", "error"}
    assert "ValueError" in found["error"][1]
    ((resumed, _),) = resumes(material)
    assert found["lost"][0] <= resumed <= found["error"][0]
    said = [line for lines in logs(material).values() for line in lines]
    assert sum("is paused" in line for line in said) >= 5
    assert sum("is lost" in line for line in said) == 1


def test_a_setting_without_effect_would_be_called_important(runs: Runs) -> None:
    material = read_material(runs["finished"])
    space = material.space
    trials = [
        (trial, -abs(np.log(float(trial.hyperparameters["abc_weight"]))))
        for trial, _ in material.compared.trials
    ]
    found = importance(space.search, type(material.compared)(epoch=1, trials=trials))
    assert found is not None
    assert found.telling == ["abc_weight"]
    assert BEST.keys() == space.search.keys()


def test_a_trial_would_seem_bad_because_it_was_stopped(runs: Runs) -> None:
    material = read_material(runs["finished"])
    found = compared(material.space, material.trials)
    assert len(found.trials) * 2 >= len(material.trials)
    for trial, value in found.trials:
        assert value == max(row.metrics["auroc"] for row in trial.rows[: found.epoch])


def test_a_search_without_a_trial_would_have_no_report(tmp_path: Path) -> None:
    empty = Simulation(small_space(), tmp_path / "empty")
    empty.engine.close()
    dump_space(small_space(), tmp_path / "empty" / "space.yaml")
    write_report(RunFolder(tmp_path / "empty"))
    sentence = sections_of(read_material(RunFolder(tmp_path / "empty")))[0].sentence
    assert sentence == "The search has not begun a trial yet."


@pytest.mark.parametrize("archive", sorted(ASSETS.glob("*.tar.gz")), ids=lambda path: path.name[:7])
def test_an_earlier_record_would_have_no_report(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    run = RunFolder(tmp_path / archive.name.removesuffix(".tar.gz"))
    write_report(run)
    assert len(embedded(run, "data")["trials"]) == 3


def test_a_report_that_fails_would_cost_the_search_its_end(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(runs["finished"].path, folder)
    (folder / "retrain").mkdir()
    (folder / "retrain" / "metrics.json").write_text("{")
    said = report_line(RunFolder(folder))
    assert said.startswith("The report was not written: ")
    assert "python -m tuner.report --run" in said


def test_a_folder_in_the_place_of_the_report_would_be_called_the_report(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(runs["finished"].path, run.path)
    run.page.unlink(missing_ok=True)
    run.page.mkdir()
    said = f"{run.page}: a folder is there, where a file is to be written; move it away, or"
    assert report_line(run).startswith(f"The report was not written: {said}")
    assert main(["--run", str(run.path)]) == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("newest", ["journal", "metrics", "page"])
def test_a_page_from_before_the_latest_trials_or_retrain_would_be_kept(
    runs: Runs, tmp_path: Path, newest: str
) -> None:
    run = RunFolder(tmp_path / "run")
    shutil.copytree(runs["retrained"].path, run.path)
    run.page.write_text("as it was")
    for path in (run.space, run.journal, run.metrics, run.page):
        os.utime(path, (1000, 1000))
    os.utime(getattr(run, newest), (2000, 2000))
    assert report_line(run) == f"Report: {run.page}"
    assert (run.page.read_text(encoding="utf-8") == "as it was") == (newest == "page")


def test_a_folder_without_a_run_would_be_reported_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--search", str(tmp_path / "none")]) == 2
    assert "holds no search" in capsys.readouterr().err


def test_a_command_without_a_run_would_end_in_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "Say which run: --run runs/quickstart-1\n"


def test_the_command_would_not_say_where_the_report_is(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--search", str(runs["finished"].path)]) == 0
    assert capsys.readouterr().out.strip() == f"Report: {runs['finished'].page}"


def test_a_search_that_is_shown_again_would_not_name_its_report(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs["finished"]
    assert show_finished(read_material(run).space, run, read_past(run))
    assert capsys.readouterr().out.splitlines()[-1] == f"Report: {run.page}"


def test_a_retrain_would_not_name_its_report(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path))
    run = runs["retrained"]
    summary = retrain(run.path, seeds=2, epochs=1, say=lambda text: None)
    assert not summary.trained
    assert summary.lines()[-1] == f"Report: {run.page}"


def test_a_configuration_without_a_search_would_get_a_report(tmp_path: Path) -> None:
    assert report_line(RunFolder(tmp_path)) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_command_that_repeats_a_search_would_be_refused(runs: Runs) -> None:
    material = read_material(runs["finished"])
    assert load_space(material.folder.space, new=True) == material.space
