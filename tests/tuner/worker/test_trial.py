"""The worker's side of a trial, trained for real on digits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.scoring import FittedDetector
from tests.tuner.worker.conftest import attempt, essence
from tuner.attempt import Attempt, Report
from tuner.setting import SPLIT, TrialSetting
from tuner.storage import local_storage
from tuner.worker.trial import TrialWorker


def reports(worker: TrialWorker, of: Attempt, count: int) -> list[Report]:
    worker.begin(of)
    return [worker.next_report() for _ in range(count)]


@pytest.fixture
def undisturbed(make_setting: Callable[[str], TrialSetting]) -> list[tuple[object, ...]]:
    elsewhere = make_setting("undisturbed")
    return [essence(report) for report in reports(TrialWorker(elsewhere), attempt(), 4)]


def test_a_trial_taken_up_by_another_worker_would_train_differently(
    setting: TrialSetting, undisturbed: list[tuple[object, ...]]
) -> None:
    first = reports(TrialWorker(setting), attempt(), 2)
    second = reports(TrialWorker(setting), attempt(recorded_epochs=2), 2)
    assert [essence(report) for report in first + second] == undisturbed


def test_a_checkpoint_ahead_of_the_record_would_lose_the_rows_it_carries(
    setting: TrialSetting, undisturbed: list[tuple[object, ...]]
) -> None:
    reports(TrialWorker(setting), attempt(), 3)
    resumed = reports(TrialWorker(setting), attempt(recorded_epochs=1), 3)
    assert [essence(report) for report in resumed] == undisturbed[1:]


def test_a_checkpoint_behind_the_record_would_report_an_epoch_twice(
    setting: TrialSetting, undisturbed: list[tuple[object, ...]]
) -> None:
    reports(TrialWorker(setting), attempt(), 1)
    resumed = reports(TrialWorker(setting), attempt(recorded_epochs=3), 1)
    assert [essence(report) for report in resumed] == undisturbed[3:]


@pytest.mark.parametrize("damaged", [["checkpoint-1"], ["checkpoint-0", "checkpoint-1"]])
def test_a_damaged_checkpoint_would_be_used_or_end_the_trial(
    setting: TrialSetting,
    undisturbed: list[tuple[object, ...]],
    damaged: list[str],
    tmp_path: Path,
) -> None:
    """The newest is after epoch 3, in the second place; the one before it after epoch 2."""
    reports(TrialWorker(setting), attempt(), 3)
    for name in damaged:
        checkpoint = tmp_path / "trials" / "0" / name
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    resumed = reports(TrialWorker(setting), attempt(recorded_epochs=3), 1)
    assert essence(resumed[0]) == undisturbed[3]
    log = (tmp_path / "trials" / "0" / "log.txt").read_text()
    assert log.count("is refused") == len(damaged)
    assert f"from epoch {2 if len(damaged) == 1 else 0}" in log


def test_a_checkpoint_of_another_configuration_would_be_gone_on_from(
    setting: TrialSetting, tmp_path: Path
) -> None:
    other = replace(attempt(), hyperparameters={**attempt().hyperparameters, "patch_n": 1})
    reports(TrialWorker(setting), other, 2)
    first = essence(reports(TrialWorker(setting), attempt(), 1)[0])
    elsewhere = replace(setting, storage=local_storage(tmp_path / "alone"))
    (tmp_path / "alone").mkdir()
    elsewhere.storage.put(SPLIT, (tmp_path / SPLIT).read_bytes())
    assert first == essence(reports(TrialWorker(elsewhere), attempt(), 1)[0])


def test_a_storage_that_fails_would_fail_the_trial_or_never_be_tried_again(
    setting: TrialSetting, undisturbed: list[tuple[object, ...]], tmp_path: Path
) -> None:
    worker = TrialWorker(setting)
    worker.begin(attempt())
    assert worker.next_report().notice == ""
    trials, away = tmp_path / "trials", tmp_path / "away"
    trials.rename(away)
    trials.write_text("no folder can be made here")
    second = worker.next_report()
    assert "A checkpoint was skipped" in second.notice
    assert essence(second) == undisturbed[1]
    trials.unlink()
    away.rename(trials)
    third = worker.next_report()
    assert (third.notice, essence(third)) == ("", undisturbed[2])
    FittedDetector.load(trials / "0" / "best")  # raises where it is not one whole detector
    resumed = reports(TrialWorker(setting), attempt(recorded_epochs=3), 1)
    assert essence(resumed[0]) == undisturbed[3]


def test_the_kept_detector_would_not_be_the_best_epochs(
    setting: TrialSetting, tmp_path: Path
) -> None:
    worker = TrialWorker(setting)
    worker.begin(attempt())
    best, weights = -1.0, None
    for _ in range(5):
        row = worker.next_report().row
        assert row is not None
        kept = FittedDetector.load(tmp_path / "trials" / "0" / "best").weights
        if row.metrics["auroc"] > best:
            best, weights = row.metrics["auroc"], kept
        assert row.metrics["best_auroc"] == best
        assert weights is not None
        assert all(torch.equal(weights[name], kept[name]) for name in weights)


def test_an_error_in_training_would_take_the_worker_down(
    setting: TrialSetting, tmp_path: Path
) -> None:
    worker = TrialWorker(setting)
    worker.begin(replace(attempt(), hyperparameters={"width": 4}))
    failed = worker.next_report()
    assert failed.outcome == "error"
    assert "Error" in failed.reason
    assert "Traceback" in (tmp_path / "trials" / "0" / "log.txt").read_text()
    assert reports(worker, attempt(1), 1)[0].outcome == "epoch"


def test_a_diverged_trial_would_be_reported_with_a_score(setting: TrialSetting) -> None:
    values = {**attempt().hyperparameters, "generator_lr": float("inf")}
    report = reports(TrialWorker(setting), replace(attempt(), hyperparameters=values), 1)[0]
    assert (report.outcome, report.row) == ("diverged", None)
