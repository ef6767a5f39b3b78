"""The study's file is written past Optuna: Optuna itself must not see a difference."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from tests.tuner.simulated import Simulation, small_space
from tuner import study, study_file
from tuner.attempt import Report
from tuner.journal import read_journal

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


def trials(folder: Path) -> list[optuna.trial.FrozenTrial]:
    storage = f"sqlite:///{folder / 'study.db'}"
    return optuna.load_study(study_name=None, storage=storage).get_trials()


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
    monkeypatch.setattr(study, "REVISION", "of another Optuna")
    searched(tmp_path / "there" / "same")
    here, there = (trials(tmp_path / place / "same") for place in ("here", "there"))
    assert [shown(trial) for trial in here] == [shown(trial) for trial in there]
    assert {trial.state.name for trial in here} == {"COMPLETE", "PRUNED", "FAIL", "RUNNING"}


def test_times_would_be_read_in_another_zone(tmp_path: Path) -> None:
    searched(tmp_path)
    journal = read_journal(tmp_path / "events.jsonl")
    asked = {e["trial"]: e["time"] for e in journal if e["event"] == "asked"}
    ended = {e["trial"]: e["time"] for e in journal if e["event"] == "ended"}
    for trial in trials(tmp_path):
        assert trial.datetime_start is not None
        assert trial.datetime_start.timestamp() == asked[trial.number]
        if trial.datetime_complete is not None:
            assert trial.datetime_complete.timestamp() == ended[trial.number]


def test_a_kill_would_take_reported_values_from_the_study(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -9
    values: dict[int, dict[int, float]] = {}
    for event in read_journal(tmp_path / "events.jsonl"):
        if event["event"] == "asked":
            values[event["trial"]] = {}
        if event["event"] == "epoch":
            values[event["trial"]][event["epoch"]] = event["metrics"]["best_auroc"]
    assert sum(map(len, values.values())) == 25
    assert {t.number: t.intermediate_values for t in trials(tmp_path)} == values


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
