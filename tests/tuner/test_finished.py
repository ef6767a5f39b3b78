"""A finished search is shown at once, by what is light to load; an unfinished one goes on."""

import errno
import os
from pathlib import Path

import pytest

from tests.tuner.simulated import Simulation, small_space
from tests.tuner.test_commands import loaded_by
from tuner.engine.engine import Engine
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.search.finished import show_finished
from tuner.space import Space, dump_space
from tuner.study.study_file import told

SPACE = small_space(trials=4, wandb="off")


def searched(folder: Path, space: Space = SPACE) -> tuple[RunFolder, Engine]:
    run_folder = RunFolder(folder)
    dump_space(space, run_folder.space)
    engine = Simulation(space, folder, slots=2).run()
    engine.close()
    return run_folder, engine


def test_the_result_of_a_finished_search_would_wait_for_ray_and_torch(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    loaded = loaded_by("tuner.search", ["--resume", "--name", "one", "--runs", str(tmp_path)])
    assert loaded <= {"matplotlib"}
    for made in (run_folder.best, run_folder.table, run_folder.curves):
        assert made.exists()


def test_another_result_would_be_shown_than_the_search_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, engine = searched(tmp_path / "one")
    before = run_folder.journal.read_bytes()
    assert show_finished(SPACE, run_folder)
    shown = capsys.readouterr().out
    best = max(trial.rows[-1].metrics["best_auroc"] for trial in engine.trials)
    assert f"{best:.4f}" in shown
    assert "python -m tuner.retrain --run" in shown
    assert run_folder.journal.read_bytes() == before


def test_a_search_with_work_left_would_count_as_finished(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    more = small_space(trials=5, wandb="off")
    assert not show_finished(more, run_folder)
    lines = run_folder.journal.read_bytes().splitlines(keepends=True)
    run_folder.journal.write_bytes(b"".join(lines[:-2]))  # killed before the last trial's end
    assert not show_finished(SPACE, run_folder)
    assert not show_finished(SPACE, RunFolder(tmp_path / "none"))


def test_a_damaged_study_of_a_finished_search_would_stay_so(tmp_path: Path) -> None:
    run_folder, _ = searched(tmp_path / "one")
    before = told(run_folder.study)
    run_folder.study.write_bytes(b"no database")
    assert show_finished(SPACE, run_folder)
    assert told(run_folder.study) == before


def test_a_search_whose_driver_was_killed_after_its_last_trial_would_start_ray(
    tmp_path: Path,
) -> None:
    run_folder, _ = searched(tmp_path / "one")
    lines = run_folder.journal.read_bytes().splitlines(keepends=True)
    run_folder.journal.write_bytes(b"".join(lines[:-1]))
    assert show_finished(SPACE, run_folder)


def test_a_finished_search_on_a_full_disk_would_show_an_error_for_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, engine = searched(tmp_path / "one")
    closed = list[bool]()
    monkeypatch.setattr("tuner.search.finished.WandbListener.close", lambda _: closed.append(True))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tuner.results.files.write_results", full)
    monkeypatch.setattr("tuner.record.lock.os.write", full)
    assert show_finished(SPACE, run_folder)
    shown = capsys.readouterr().out
    best = max(trial.rows[-1].metrics["best_auroc"] for trial in engine.trials)
    assert f"{best:.4f}" in shown
    assert "The results cannot be written: No space left on device." in shown
    assert closed == [True]


def test_a_search_shown_again_would_say_another_time(tmp_path: Path) -> None:
    run_folder, engine = searched(tmp_path / "one")
    engine.clock()  # the time goes on
    assert engine.seconds == History(read_journal(run_folder.journal)).seconds
