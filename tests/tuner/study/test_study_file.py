"""The study's file is written past Optuna: Optuna itself must not see a difference."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from tests.tuner.simulated import Simulation, disk_trials, small_space
from tuner.engine.attempt import Report
from tuner.errors import TunerError
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.study import on_disk, study_file
from tuner.study.study import Study

CHOICES = {
    "search": {
        "abc_weight": {"log": [0.1, 5]},
        "width": {"choice": [8, 16]},
        "patch_n": {"int": [1, 9]},
    }
}
NO_RETRIES = {"resources": {"error_retries": 0}}
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.tuner.simulated import Simulation, small_space
simulation = Simulation(small_space(), Path(sys.argv[1]), slots=2)
for _ in range(25):
    simulation.fill()
    simulation.step()
os.kill(os.getpid(), signal.SIGKILL)
"""


def shown(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Everything that Optuna tells of a trial but the times, of which its own calls take now."""
    return {key: value for key, value in vars(trial).items() if "datetime" not in key}


def searched(folder: Path) -> None:
    """Trials of every kind: complete, stopped, diverged, failed, and one still running."""
    simulation = Simulation(small_space(trials=30, **CHOICES, **NO_RETRIES), folder, slots=2)
    simulation.fill()
    simulation.step()
    for attempt_id, outcome in [("attempt-1", "diverged"), ("attempt-2", "error")]:
        simulation.engine.report(attempt_id, Report(outcome=outcome, reason="no"))  # type: ignore[arg-type]
        simulation.let_go(attempt_id)
    for _ in range(40):
        simulation.fill()
        simulation.step()
    simulation.engine.close()


def test_optunas_own_calls_would_write_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(tmp_path / "here" / "same")
    monkeypatch.setattr(on_disk, "REVISION", "of another Optuna")
    searched(tmp_path / "there" / "same")
    here, there = (disk_trials(tmp_path / place / "same") for place in ("here", "there"))
    assert [shown(trial) for trial in here] == [shown(trial) for trial in there]
    assert {trial.state.name for trial in here} == {"COMPLETE", "PRUNED", "FAIL", "RUNNING"}


def test_times_would_be_read_in_another_zone(tmp_path: Path) -> None:
    searched(tmp_path)
    journal = read_lines(tmp_path / "events.jsonl")
    asked = {e["trial"]: e["time"] for e in journal if e["event"] == "asked"}
    ended = {e["trial"]: e["time"] for e in journal if e["event"] == "ended"}
    for trial in disk_trials(tmp_path):
        assert trial.datetime_start is not None
        assert trial.datetime_start.timestamp() == asked[trial.number]
        if trial.datetime_complete is not None:
            assert trial.datetime_complete.timestamp() == ended[trial.number]


def test_a_trial_would_be_told_by_its_highest_epoch_or_a_failed_one_have_a_value(
    tmp_path: Path,
) -> None:
    space = small_space(trials=6, objective="auroc", **NO_RETRIES)
    simulation = Simulation(space, tmp_path, curve=lambda _values, epoch: 0.9 - 0.01 * epoch)
    simulation.fill()
    simulation.step()
    (attempt_id,) = simulation.running
    simulation.engine.report(attempt_id, Report(outcome="error", reason="no"))
    simulation.let_go(attempt_id)
    simulation.run().close()
    failed, *others = disk_trials(tmp_path)
    assert (failed.state.name, failed.value) == ("FAIL", None)
    for trial in others:
        assert trial.value == trial.intermediate_values[max(trial.intermediate_values)]
        assert trial.value == pytest.approx(0.9 - 0.01 * max(trial.intermediate_values))


def test_an_event_told_again_would_change_the_study(tmp_path: Path) -> None:
    searched(tmp_path)
    before = study_file.told(tmp_path / "study.db")
    events = read_journal(tmp_path / "events.jsonl")
    space = small_space(trials=30, **CHOICES, **NO_RETRIES)
    again = Study(tmp_path / "study.db", space.search, space.sampler, space.objective, events)
    for event in events:
        again.apply(event)
    again.close()
    assert study_file.told(tmp_path / "study.db") == before


def test_a_kill_would_take_reported_values_from_the_study(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -9
    values: dict[int, dict[int, float]] = {}
    for event in read_lines(tmp_path / "events.jsonl"):
        if event["event"] == "asked":
            values[event["trial"]] = {}
        if event["event"] == "epoch":
            values[event["trial"]][event["epoch"]] = event["metrics"]["best_auroc"]
    assert sum(map(len, values.values())) == 25
    assert {t.number: t.intermediate_values for t in disk_trials(tmp_path)} == values


def test_the_installed_optuna_would_make_tables_that_are_not_known(tmp_path: Path) -> None:
    """Then every trial costs what Optuna's own calls cost: look at the tables and follow them."""
    searched(tmp_path)
    assert study_file.revision(tmp_path / "study.db") == study_file.REVISION


def test_a_renamed_folder_would_open_a_second_study(tmp_path: Path) -> None:
    searched(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    Simulation(small_space(trials=30, **CHOICES), tmp_path / "after").engine.close()
    storage = f"sqlite:///{tmp_path / 'after' / 'study.db'}"
    assert optuna.get_all_study_names(storage) == ["before"]


def killed(folder: Path) -> None:
    """A search in mid-way, whose driver has not folded the log into the study's file."""
    process = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert process.returncode == -9
    assert (folder / "study.db-wal").stat().st_size > 0


def check_equal(folder: Path) -> None:
    """The study, as Optuna reads it, is what the journal tells: no more, no less, no other."""
    events = read_lines(folder / "events.jsonl")
    searched = {e["trial"]: e["searched"] for e in events if e["event"] == "asked"}
    expected = {
        number: (
            {"failed": "FAIL"}.get(view.state, view.state.upper()),
            searched[number],
            {row.epoch: row.metrics["best_auroc"] for row in view.rows},
            view.reason,
        )
        for number, view in History(read_journal(folder / "events.jsonl")).trials.items()
    }
    assert expected
    assert expected == {
        t.number: (t.state.name, t.params, t.intermediate_values, t.user_attrs.get("reason", ""))
        for t in disk_trials(folder)
    }


def cut_back(events: int) -> Callable[[Path], None]:
    """As a loss of power or a restored file leaves it: the journal is behind the study."""

    def spoil(folder: Path) -> None:
        lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
        (folder / "events.jsonl").write_bytes(b"".join(lines[:-events]))

    return spoil


def missing(folder: Path) -> None:
    for file in folder.glob("study.db*"):
        file.unlink()


def of_another_search(folder: Path) -> None:
    missing(folder)
    other = Simulation(small_space(sampler={"seed": 7}), folder.parent / "another", slots=2)
    other.run().close()
    shutil.copy(folder.parent / "another" / "study.db", folder)


def no_database(folder: Path) -> None:
    """The log that belonged to it is still there."""
    (folder / "study.db").write_bytes(b"no database " * 1000)


def torn(folder: Path) -> None:
    """As it is found where the log has not been folded into it, and the end is lost."""
    file = folder / "study.db"
    with closing(sqlite3.connect(file)) as folding:
        folding.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[:-30_000])


def one_page_overwritten(folder: Path) -> None:
    """Of an index, so that all rows can still be read."""
    with closing(sqlite3.connect(folder / "study.db")) as file:
        (page,) = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'trial_params'"
        ).fetchone()
    with (folder / "study.db").open("r+b") as raw:
        raw.seek(4096 * (page - 1) + 8)
        raw.write(bytes(4088))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_back(1), "was not what the journal tells"),
        (cut_back(7), "was not what the journal tells"),
        (cut_back(40), "was not what the journal tells"),
        (of_another_search, "was not what the journal tells"),
        (missing, "was missing or damaged"),
        (no_database, "was missing or damaged"),
        (torn, "was missing or damaged"),
        (one_page_overwritten, "was missing or damaged"),
    ],
)
def test_a_study_that_is_not_its_journals_would_stay_so_or_stop_the_resume(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    said: str,
) -> None:
    folder = tmp_path / "run"
    killed(folder)
    spoil(folder)
    resumed = Simulation(small_space(), folder, slots=2)
    assert capsys.readouterr().out == f"study.db {said}: made anew from the journal.\n"
    check_equal(folder)
    resumed.run().close()
    check_equal(folder)
    assert resumed.engine.finished
    Simulation(small_space(), folder).engine.close()
    assert capsys.readouterr().out == ""


def test_a_sound_study_would_be_taken_from_its_readers(tmp_path: Path) -> None:
    killed(tmp_path)
    file = (tmp_path / "study.db").stat().st_ino
    Simulation(small_space(), tmp_path).engine.close()
    assert (tmp_path / "study.db").stat().st_ino == file


def test_a_reader_of_the_old_study_would_spoil_the_new_one(tmp_path: Path) -> None:
    """As long as somebody reads it, the old file's log stays beside it."""
    killed(tmp_path)
    with closing(sqlite3.connect(tmp_path / "study.db")) as reader:
        before = reader.execute("SELECT * FROM trials").fetchall()
        cut_back(40)(tmp_path)
        resumed = Simulation(small_space(), tmp_path, slots=2)
        check_equal(tmp_path)
        assert reader.execute("SELECT * FROM trials").fetchall() == before
    resumed.run().close()
    check_equal(tmp_path)


def test_a_study_made_anew_in_half_would_replace_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(tmp_path)
    before = disk_trials(tmp_path)
    cut_back(7)(tmp_path)

    def full(self: study_file.StudyFile, *told: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(study_file.StudyFile, "_end", full)
        with pytest.raises(TunerError, match="disk is full; free the disk, then --resume"):
            Simulation(small_space(trials=30, **CHOICES, **NO_RETRIES), tmp_path)
    logs = {"study.db-wal", "study.db-shm"}  # while Optuna still has the file open, to read it
    assert {file.name for file in tmp_path.iterdir()} - logs == {"events.jsonl", "study.db"}
    assert disk_trials(tmp_path) == before
    Simulation(small_space(trials=30, **CHOICES, **NO_RETRIES), tmp_path).engine.close()
    check_equal(tmp_path)


@pytest.mark.parametrize("tables", [on_disk.REVISION, "of another Optuna"])
def test_a_study_that_cannot_be_written_would_end_in_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    monkeypatch.setattr(on_disk, "REVISION", tables)
    monkeypatch.setattr(study_file, "PATIENCE_S", 0.1)
    simulation = Simulation(small_space(trials=30, **CHOICES), tmp_path)
    simulation.fill()
    with closing(sqlite3.connect(tmp_path / "study.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        simulation.step()
    assert "the record cannot be written" in str(simulation.engine.failure)


def test_another_optunas_study_would_stay_ahead_or_be_made_anew_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    searched(tmp_path)
    cut_back(7)(tmp_path)
    monkeypatch.setattr(on_disk, "REVISION", "of another Optuna")
    for said in ["study.db was not what the journal tells: made anew from the journal.\n", ""]:
        Simulation(small_space(trials=30, **CHOICES), tmp_path).engine.close()
        check_equal(tmp_path)
        assert capsys.readouterr().out == said


def test_a_pipe_in_the_place_of_a_study_would_be_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "study.db")
    assert study_file.told(tmp_path / "study.db") is None
