"""`kill -9` of the real driver ahead of its record, or of its raylet."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.tuner.killed_searches import check_whole, search, started
from tuner.record.journal import read_lines


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
