"""Runs that earlier versions recorded go on: each was killed in its third of five trials."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tuner.replay.comparison import replay

ROOT = Path(__file__).parents[2]
RUNS = sorted((ROOT / "tests" / "assets" / "runs").glob("*.tar.gz"))


def _unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def _typed(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("archive", RUNS, ids=lambda path: path.name[:7])
def test_an_earlier_record_would_not_come_out_again(archive: Path, tmp_path: Path) -> None:
    run = _unpacked(archive, tmp_path)
    found = replay(run / "events.jsonl")
    assert found.difference is None
    assert (found.counts["published"], found.counts["suggestion"]) == (2, 1)


@pytest.mark.long
@pytest.mark.parametrize("archive", RUNS, ids=lambda path: path.name[:7])
def test_an_earlier_run_would_not_resume_replay_and_retrain(archive: Path, tmp_path: Path) -> None:
    run = _unpacked(archive, tmp_path / "runs")
    before = (run / "events.jsonl").read_bytes()
    said = _typed(tmp_path, "tuner.search", "--resume", "--name", run.name)
    assert "trial   2  goes on after epoch 2" in said
    assert f"{run.name}: 5 trials" in said
    assert (run / "events.jsonl").read_bytes().startswith(before)
    assert "Equal, bit for bit." in _typed(tmp_path, "tuner.replay", f"runs/{run.name}")
    if archive in (RUNS[0], RUNS[-1]):  # a retrain reads best.yaml, which a resume writes anew
        _typed(tmp_path, "tuner.retrain", "--search", f"runs/{run.name}", "--seeds", "1")
        assert (run / "model" / "config.json").exists()
