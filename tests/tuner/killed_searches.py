"""Searches of a few small trials whose driver is to be killed, and what must hold afterwards."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.tuner.simulated import disk_trials
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


def check_whole(folder: Path) -> None:
    """Every trial ended, none and no epoch twice, the study equal to it, the replay exact."""
    events = read_lines(folder / "events.jsonl")
    counts = Counter(
        (event["event"], event["trial"], event.get("epoch"))
        for event in events
        if event["event"] in ("asked", "epoch", "ended")
    )
    assert set(counts.values()) == {1}
    trials = History(read_journal(folder / "events.jsonl")).trials
    assert len(trials) == TRIALS
    told = disk_trials(folder)
    for frozen in told:
        view = trials[frozen.number]
        assert view.state in ("complete", "pruned")
        assert frozen.state.name == view.state.upper()
        assert frozen.intermediate_values == {r.epoch: r.metrics["auroc"] for r in view.rows}
    assert len(told) == TRIALS
    assert replay(folder / "events.jsonl").difference is None
