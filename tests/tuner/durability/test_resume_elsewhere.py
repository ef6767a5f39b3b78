"""Whole searches by the real command, whose machine is lost."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from models.fitted import FittedDetector
from tests.tuner.s3_server import SECRET, s3_bucket
from tuner.record.history import History
from tuner.record.journal import read_journal, read_lines
from tuner.replay.comparison import replay
from tuner.storage import Storage, open_storage

ROOT = Path(__file__).parents[3]
SMALL = [
    f"--space={ROOT / 'search_spaces' / 'quickstart.yaml'}",
    "--set=data.dataset=digits",
    "--set=data.fit_normals=110",
    "--set=fixed.width=4",
    "--set=fixed.batch_normals=16",
    "--set=fixed.batch_anomalies=4",
    "--trials=6",
    "--name=one",
]


def command(runs: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "tuner.search", f"--runs={runs}", *options]


def finish(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def kill_when(words: list[str], ready: Callable[[], bool]) -> None:
    """Start a search, kill -9 its driver once `ready`, and wait for its workers to follow."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as driver:
        deadline = time.monotonic() + 200
        while not ready():
            assert driver.poll() is None, "the search ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(driver.pid, signal.SIGKILL)
    time.sleep(5)


def check_whole(run_folder: Path, trials: int) -> History:
    """Every trial ended once, no epoch twice, and the record replays."""
    events = read_lines(run_folder / "events.jsonl")
    history = History(read_journal(run_folder / "events.jsonl"))
    assert len(history.trials) == trials
    assert all(trial.state in ("complete", "pruned") for trial in history.trials.values())
    epochs = Counter((e["trial"], e["epoch"]) for e in events if e["event"] == "epoch")
    assert set(epochs.values()) == {1}
    assert Counter(e["trial"] for e in events if e["event"] == "ended").most_common(1)[0][1] == 1
    assert replay(run_folder / "events.jsonl").difference is None
    with (run_folder / "trials.csv").open() as file:
        assert [int(row["number"]) for row in csv.DictReader(file)] == list(range(trials))
    return history


def check_best(storage: Storage, number: int, folder: Path) -> None:
    """Loading raises where the trial's best detector is not whole."""
    folder.mkdir()
    for key in storage.sizes(f"trials/{number}/best/"):
        (folder / key.rsplit("/", 1)[1]).write_bytes(storage.get(key) or b"")
    assert len(list(folder.iterdir())) == 3
    FittedDetector.load(folder)


def leaked(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file for file in files if SECRET.encode() in file.read_bytes()]


@pytest.mark.long
def test_a_lost_machine_would_cost_a_trial_or_train_one_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On S3; a folder is the storage of the test below, and of the three hosts."""
    with s3_bucket(monkeypatch) as place:
        _lose_the_machine(tmp_path, place)
    assert leaked(tmp_path) == []


def _lose_the_machine(tmp_path: Path, place: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    journal = first / "one" / "events.jsonl"

    def two_trials_have_ended() -> bool:
        events = read_lines(journal)
        return sum(event["event"] == "ended" for event in events) >= 2

    kill_when(command(first, *SMALL, f"--storage={place}"), two_trials_have_ended)
    before = History(read_journal(journal))
    shutil.rmtree(first)
    said = finish(*command(second, "--resume", "--name=one", f"--storage={place}"))
    assert "Fetched the record of one" in said
    assert "Checkpoints bring back" in said
    assert "Lost with the other machine: 0 epochs" in said
    history = check_whole(second / "one", trials=6)
    for number, trial in before.trials.items():
        known = history.trials[number]
        assert known.hyperparameters == trial.hyperparameters
        shared = zip(trial.rows, known.rows, strict=False)
        assert all(old.metrics == new.metrics for old, new in shared)
    storage = open_storage(place).within("one")
    assert not [key for key in storage.sizes() if "checkpoint" in key or "lease" in key]
    assert (storage.get("events.jsonl") or b"") == (second / "one" / "events.jsonl").read_bytes()
    best = min(n for n, t in history.trials.items() if t.state == "complete")
    check_best(storage, best, tmp_path / "best")
    shutil.rmtree(second)
    again = finish(*command(tmp_path / "third", "--resume", "--name=one", f"--storage={place}"))
    assert "6 trials" in again
    check_whole(tmp_path / "third" / "one", trials=6)


@pytest.mark.long
def test_a_storage_that_fails_in_mid_search_would_stop_it(tmp_path: Path) -> None:
    """Its folder is gone for the whole second half; a promoted trial would wait for its return."""
    shared, away = tmp_path / "shared", tmp_path / "away"
    words = command(tmp_path, *SMALL, f"--storage={shared}", "--set=scheduler.type=stop")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as driver:
        journal = tmp_path / "one" / "events.jsonl"
        while not any(event["event"] == "ended" for event in read_lines(journal)):
            assert driver.poll() is None
            time.sleep(0.1)
        shared.rename(away)
        said, _ = driver.communicate(timeout=250)
    assert driver.returncode == 2, said  # all is searched, and best detectors are missing
    assert "The best detector of trials" in said
    assert said.count("The search goes on, and the storage is tried again") == 1
    assert said.count("A checkpoint was skipped") == 1
    assert "s behind" in said
    check_whole(tmp_path / "one", trials=6)
