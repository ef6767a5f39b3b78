"""A search with conditions that trains, from the command to a retrain of its best."""

from pathlib import Path

import pytest

from models import detectors
from tests.tuner.test_own_images import run
from tuner.figures.metrics import read_metrics
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.results.leaderboard import best

SPACE = """\
detector: kd-cae
data: {dataset: digits, normal: [1], size: 16, anomalies_per_normal: 0, fit_normals: 60}
search:
  optimizer: {choice: [adadelta, adam]}
  learning_rate: {log: [0.1, 2], when: {optimizer: adadelta}}
  adam_learning_rate:
    log: [1e-4, 1e-2]
    when: {optimizer: [adam]}
fixed: {width: 4, batch_normals: 20, score: error}
sampler: {startup_trials: 2}
trials: 6
epochs: 2
wandb: off
"""


@pytest.mark.long
def test_a_search_with_conditions_would_not_come_to_a_detector(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text(SPACE)
    run(tmp_path, ["-m", "tuner.search", "--space", "digits.yaml"])
    run(tmp_path, ["-m", "tuner.search", "--resume", "--run", "digits-1", "--trials", "+2"])
    assert "Equal, bit for bit." in run(tmp_path, ["-m", "tuner.replay", "--run", "runs/digits-1"])
    folder = RunFolder(tmp_path / "runs/digits-1")
    trials = History(read_journal(folder.journal)).by_number
    assert len(trials) == 8
    defaults = detectors.resolve("kd-cae", {})
    steps = {"adadelta": "learning_rate", "adam": "adam_learning_rate"}
    for trial in trials:
        (unused,) = (steps[other] for other in steps if other != trial.settings["optimizer"])
        assert trial.inactive == (unused,)
        if not trial.published:
            assert trial.hyperparameters[unused] == defaults[unused]
    assert folder.page.is_file()
    first = best(trials, "best_auroc")
    assert first is not None
    retrain = ["-m", "tuner.retrain", "--run", "runs/digits-1", "--seeds", "1"]
    run(tmp_path, [*retrain, "--epochs", "1"])
    metrics = read_metrics(folder.metrics)
    assert metrics is not None
    trained = metrics["configuration"]["contenders"]["best"]["hyperparameters"]
    assert trained == {**defaults, **first.trial.hyperparameters}
