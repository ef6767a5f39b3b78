"""Whole searches by the real command: Ray, Optuna, W&B offline, real training."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.data import fashion_mnist as fashion_mnist_files
from models.data.sources import Source
from tests.tuner.wandb_files import runs as wandb_runs
from tuner.api import load
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.space import load_space

ROOT = Path(__file__).parent.parent.parent
SPACE = ROOT / "search_spaces" / "quickstart.yaml"
SMALL = [
    "--set=data.dataset=digits",
    "--set=fixed.width=4",
    "--set=fixed.batch_normals=16",
    "--set=fixed.batch_anomalies=4",
]


def command(runs: Path, *options: str) -> list[str]:
    base = [sys.executable, "-m", "tuner.search", f"--space={SPACE}", f"--runs={runs}"]
    return [*base, *options]


def finished(runs: Path, *options: str) -> str:
    run = subprocess.run(
        command(runs, *options), capture_output=True, text=True, check=False, timeout=200
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    return run.stdout


def recorded(run_folder: Path) -> History:
    return History(read_journal(run_folder / "events.jsonl"))


def check_wandb(folder: Path) -> None:
    """W&B's files, read back, hold the AUROC of every recorded epoch, once and in order."""
    runs = wandb_runs(folder)
    of_search = runs.pop(folder.name)
    assert of_search.summary["state"] == "complete"
    assert of_search.artifacts["search"].keys() >= {"report.html", "best.yaml"}
    written = {
        name: [(row["epoch"], row["auroc"]) for row in run.rows] for name, run in runs.items()
    }
    assert written == {
        f"trial-{number}": [(row.epoch, row.metrics["auroc"]) for row in trial.rows]
        for number, trial in recorded(folder).trials.items()
    }


def wait_for_rows(
    run_folder: Path, count: int, process: subprocess.Popen[str], within_s: float = 120
) -> None:
    until = time.monotonic() + within_s
    while time.monotonic() < until and process.poll() is None:
        if sum(len(trial.rows) for trial in recorded(run_folder).trials.values()) >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"no {count} rows in time; the search said: {process.communicate()}")


def without_test_images(source: Source, folder: Path) -> Path:
    """FashionMNIST in a folder whose test files nobody can read."""
    assert source.folder is not None
    folder.mkdir()
    part, test = fashion_mnist_files.TRAINING, fashion_mnist_files.TEST
    for name in (part.images, part.labels):
        shutil.copy(source.folder / name, folder)
    for name in (test.images, test.labels):
        (folder / name).write_bytes(b"no search may read this")
        (folder / name).chmod(0)
    return folder


def test_a_search_would_open_the_test_images_or_leave_a_part_of_its_results_out(
    tmp_path: Path, fashion_mnist: Source
) -> None:
    images = without_test_images(fashion_mnist, tmp_path / "images")
    few = ("fit_normals=128", "validation_normals=100", "validation_anomalies=100")
    said = finished(
        tmp_path,
        f"--set=data.folder={images}",
        *(f"--set=data.{each}" for each in few),
        "--set=fixed.width=4",
        "--name=whole",
        "--trials=5",
    )
    folder = tmp_path / "whole"
    trials = recorded(folder).trials
    assert [trials[n].state for n in (0, 1)] == ["complete", "complete"]
    assert all(trial.state in ("complete", "pruned") for trial in trials.values())
    with (folder / "trials.csv").open() as file:
        assert [int(row["number"]) for row in csv.DictReader(file)] == [0, 1, 2, 3, 4]
    best = load_space(folder / "best.yaml")
    assert best.search == {}
    assert best.result is not None
    chosen = trials[best.result["trial"]]
    assert dict(best.fixed) == dict(chosen.hyperparameters)
    assert best.result["value"] == max(r.metrics["auroc"] for t in trials.values() for r in t.rows)
    assert (folder / "curves.png").stat().st_size > 10_000
    assert said.rstrip().splitlines()[-1].endswith("whole/report.html")
    assert (folder / "report.html").stat().st_size > 1_000_000
    for number in trials:
        assert (folder / "trials" / str(number) / "best" / "model.safetensors").exists()
        assert not list((folder / "trials" / str(number)).glob("checkpoint*"))
    assert len(trials) == 5
    check_wandb(folder)
    assert "python -m tuner.retrain --run" in said


@pytest.mark.long  # kills of less: test_kills.py
def test_a_killed_driver_would_lose_or_repeat_an_epoch(tmp_path: Path) -> None:
    options = [*SMALL, "--name=stopped", "--trials=4", "--set=epochs=12"]
    process = subprocess.Popen(
        command(tmp_path, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    folder = tmp_path / "stopped"
    wait_for_rows(folder, 5, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    before = recorded(folder)
    assert any(trial.state == "running" for trial in before.trials.values())
    finished(tmp_path, *options, "--resume")
    after = recorded(folder)
    for trial in before.trials.values():
        assert after.trials[trial.number].rows[: trial.epochs] == trial.rows
    for trial in after.trials.values():
        assert trial.state != "running"
        assert [row.epoch for row in trial.rows] == list(range(1, trial.epochs + 1))
    assert len(after.trials) == 4
    check_wandb(folder)


@pytest.mark.long  # the lock itself: test_runs.py
def test_two_drivers_would_write_one_record(tmp_path: Path) -> None:
    options = [*SMALL, "--name=one", "--trials=4", "--set=epochs=12"]
    first = subprocess.Popen(command(tmp_path, *options), stdout=subprocess.PIPE, text=True)
    wait_for_rows(tmp_path / "one", 1, first)
    second = subprocess.run(
        command(tmp_path, *options, "--resume"), capture_output=True, text=True, check=False
    )
    first.kill()
    first.communicate()
    assert second.returncode == 2
    assert "is being searched by another driver" in second.stderr


@pytest.mark.long
def test_the_readmes_two_commands_would_not_fit_together(tmp_path: Path) -> None:
    finished(tmp_path, *SMALL, "--name=both", "--trials=3")
    retrain = [sys.executable, "-m", "tuner.retrain", "--search", str(tmp_path / "both")]
    for nth in range(2):
        run = subprocess.run(retrain, capture_output=True, text=True, check=False, timeout=300)
        assert run.returncode == 0, run.stdout + run.stderr
        assert ("Nothing to train" in run.stdout) == (nth == 1)
        assert "test AUROC" in run.stdout
    metrics = json.loads((tmp_path / "both" / "retrain" / "metrics.json").read_text())
    assert len(metrics["test"]["auroc"]["seeds"]) == 3
    assert load(tmp_path / "both").score(torch.zeros(2, 1, 32, 32, dtype=torch.uint8)).shape == (2,)
