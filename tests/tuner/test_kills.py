"""`kill -9` of the real driver right after an event of each kind, then --resume."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest

from tests.tuner.test_search_command import SMALL, SPACE
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.replay.comparison import replay

TRIALS = 3
EPOCHS = 3
SIZES = [f"--trials={TRIALS}", f"--set=epochs={EPOCHS}", "--set=data.fit_normals=100"]
ROOT = Path(__file__).parent.parent.parent


def search(runs: Path, *before: str) -> subprocess.CompletedProcess[str]:
    arguments = [f"--space={SPACE}", f"--runs={runs}", "--name=killed", "--resume", "--wandb=off"]
    return subprocess.run(
        [sys.executable, *before, *arguments, *SIZES, *SMALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def check_whole(folder: Path) -> None:
    """Every trial ended, none and no epoch twice, the study equal to it, the replay exact."""
    events = read_lines(folder / "events.jsonl")
    told = Counter(
        (event["event"], event["trial"], event.get("epoch"))
        for event in events
        if event["event"] in ("asked", "epoch", "ended")
    )
    assert set(told.values()) == {1}
    trials = History(read_journal(folder / "events.jsonl")).trials
    assert len(trials) == TRIALS
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")
    for frozen in study.get_trials():
        view = trials[frozen.number]
        assert view.state in ("complete", "pruned")
        assert frozen.state.name == view.state.upper()
        assert frozen.intermediate_values == {r.epoch: r.metrics["auroc"] for r in view.rows}
    assert len(study.get_trials()) == TRIALS
    assert replay(folder / "events.jsonl").difference is None


@pytest.mark.long
@pytest.mark.parametrize(("kind", "nth"), [("asked", 3), ("epoch", 4), ("stop", 1), ("ended", 1)])
def test_a_driver_killed_after_an_event_would_lose_or_repeat_something(
    tmp_path: Path, kind: str, nth: int
) -> None:
    killed = search(tmp_path, "-m", "tests.tuner.killing_driver", kind, str(nth))
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    before = History(read_journal(tmp_path / "killed" / "events.jsonl"))
    resumed = search(tmp_path, "-m", "tuner.search")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    after = History(read_journal(tmp_path / "killed" / "events.jsonl"))
    for number, trial in before.trials.items():
        assert after.trials[number].rows[: trial.epochs] == trial.rows
        assert after.trials[number].hyperparameters == trial.hyperparameters
    check_whole(tmp_path / "killed")


@pytest.mark.long
def test_a_driver_killed_between_checkpoint_and_record_would_lose_the_epoch(tmp_path: Path) -> None:
    driver = started(tmp_path)
    folder = tmp_path / "killed"
    until = time.monotonic() + 60
    while not _stopped_behind(driver, folder):
        assert time.monotonic() < until
        driver.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    resumed = search(tmp_path, "-m", "tuner.search")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    check_whole(folder)


@pytest.mark.long
def test_a_search_whose_raylet_is_gone_would_wait_forever(tmp_path: Path) -> None:
    """Trials without end: the workers of a dead raylet train on until Ray has missed it."""
    driver = started(tmp_path, "--set=epochs=100000")
    os.kill(_child(driver.pid, "raylet"), signal.SIGKILL)
    said, _ = driver.communicate(timeout=100)
    assert driver.returncode == 2, said
    assert "gave up: Ray has ended on this machine" in said
    assert "go on with" in said


def _stopped_behind(driver: subprocess.Popen[str], folder: Path) -> bool:
    """Stop the driver; whether checkpoints then run ahead of its record, as while an epoch does."""
    driver.send_signal(signal.SIGSTOP)
    epochs = sum(event["event"] == "epoch" for event in read_lines(folder / "events.jsonl"))
    until = time.monotonic() + 3
    while _trained(folder) <= epochs and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)  # the checkpoint follows the line in the log
    return _trained(folder) > epochs


def started(runs: Path, *options: str) -> subprocess.Popen[str]:
    """A search that has recorded its first epoch."""
    arguments = [f"--space={SPACE}", f"--runs={runs}", "--name=killed", "--wandb=off"]
    driver = subprocess.Popen(
        [sys.executable, "-m", "tuner.search", *arguments, *SIZES, *SMALL, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    record, until = runs / "killed" / "events.jsonl", time.monotonic() + 200
    while "epoch" not in {event["event"] for event in read_lines(record)}:
        assert driver.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    return driver


def _child(pid: int, name: str) -> int:
    """The process of that name that `pid` has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    named = [int(c) for c in children if Path(f"/proc/{c}/comm").read_text().strip() == name]
    assert len(named) == 1, children
    return named[0]


def _trained(folder: Path) -> int:
    """Epochs that the trials' logs name."""
    logs = (folder / "trials").glob("*/log.txt")
    return sum(line.startswith("epoch") for log in logs for line in log.read_text().splitlines())
