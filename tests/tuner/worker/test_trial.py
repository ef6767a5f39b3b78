"""The worker's side of a trial, trained for real on digits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import detectors
from models.data.config import DataConfig
from models.data.protocol import make_split
from models.data.sources import find
from models.scoring import FittedDetector
from tuner.attempt import Attempt, Report
from tuner.run_folder import RunFolder
from tuner.setting import TrialSetting
from tuner.worker.trial import TrialWorker

DATA = DataConfig(dataset="digits", normal=(0,))
SMALL = {"width": 4, "batch_normals": 32, "batch_anomalies": 8}


@pytest.fixture
def setting(tmp_path: Path) -> TrialSetting:
    source = find(DATA)
    setting = TrialSetting(
        detector="two-discriminator-gan",
        objective="best_auroc",
        data=DATA,
        source=source,
        data_seed=0,
        threads=1,
        run_folder=RunFolder(tmp_path),
    )
    make_split(DATA, source).save(setting.run_folder.split)
    return setting


def attempt(number: int = 0, recorded_epochs: int = 0) -> Attempt:
    return Attempt(
        number=number,
        attempt=1,
        hyperparameters=detectors.resolve("two-discriminator-gan", SMALL),
        seed=7,
        recorded_epochs=recorded_epochs,
    )


def reports(worker: TrialWorker, of: Attempt, count: int) -> list[Report]:
    worker.begin(of)
    return [worker.next_report() for _ in range(count)]


def essence(report: Report) -> tuple[object, ...]:
    assert report.row is not None, report
    return (report.row.epoch, report.row.metrics, report.row.losses)


@pytest.fixture
def undisturbed(setting: TrialSetting, tmp_path: Path) -> list[tuple[object, ...]]:
    elsewhere = replace(setting, run_folder=RunFolder(tmp_path / "undisturbed"))
    elsewhere.run_folder.path.mkdir()
    elsewhere.run_folder.split.write_bytes(setting.run_folder.split.read_bytes())
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


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 99])
def test_a_damaged_checkpoint_would_end_the_trial(
    setting: TrialSetting,
    undisturbed: list[tuple[object, ...]],
    damage: Callable[[bytes], bytes],
) -> None:
    reports(TrialWorker(setting), attempt(), 2)
    checkpoint = setting.files(0).folder / "checkpoint.pt"
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    resumed = reports(TrialWorker(setting), attempt(recorded_epochs=2), 1)
    assert essence(resumed[0]) == undisturbed[2]


def test_the_kept_detector_would_not_be_the_best_epochs(setting: TrialSetting) -> None:
    worker = TrialWorker(setting)
    worker.begin(attempt())
    best, weights = -1.0, None
    for _ in range(5):
        row = worker.next_report().row
        assert row is not None
        kept = FittedDetector.load(setting.files(0).folder / "best").weights
        if row.metrics["auroc"] > best:
            best, weights = row.metrics["auroc"], kept
        assert row.metrics["best_auroc"] == best
        assert weights is not None
        assert all(torch.equal(weights[name], kept[name]) for name in weights)


def test_an_error_in_training_would_take_the_worker_down(setting: TrialSetting) -> None:
    worker = TrialWorker(setting)
    worker.begin(replace(attempt(), hyperparameters={"width": 4}))
    failed = worker.next_report()
    assert failed.outcome == "error"
    assert "Error" in failed.reason
    assert "Traceback" in (setting.files(0).folder / "log.txt").read_text()
    assert reports(worker, attempt(1), 1)[0].outcome == "epoch"


def test_a_diverged_trial_would_be_reported_with_a_score(setting: TrialSetting) -> None:
    values = {**attempt().hyperparameters, "generator_lr": float("inf")}
    report = reports(TrialWorker(setting), replace(attempt(), hyperparameters=values), 1)[0]
    assert (report.outcome, report.row) == ("diverged", None)
