"""The worker's side of a trial, trained for real on digits."""

import errno
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.data.sources import DataNotFound
from models.fitted import FittedDetector
from models.trainer import Trainer
from tests.tuner.worker.attempts import attempt, essence
from tuner.engine.attempt import Attempt, OutOfReachError, Report, WorkerLostError
from tuner.storage import local_storage, open_storage
from tuner.worker import faults
from tuner.worker.search_setting import SPLIT, TrialSetting
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
    reports(TrialWorker(setting), replace(attempt(), seed=attempt().seed + 1), 2)
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


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("split", f"StorageError: .* has no {SPLIT} when seen from this machine"),
        (
            "folder",
            f"StorageError: .* has no {SPLIT} when seen from this machine: give .* --storage",
        ),
        ("storage", "StorageError: .* is it mounted on this machine"),
        ("images", "DataNotFound: no copy here"),
        ("disk", "OSError: .*No space left on device"),
    ],
)
def test_what_a_machine_lacks_would_be_the_trials_error(
    setting: TrialSetting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lacking: str,
    said: str,
) -> None:
    lack(monkeypatch, tmp_path, lacking)
    worker = TrialWorker(replace(setting, storage=open_storage(setting.storage.uri)))
    if lacking == "folder":  # the run's own, which only the driver's machine has
        worker = TrialWorker(setting)
    worker.begin(attempt())
    with pytest.raises(OutOfReachError, match=f"^{socket.gethostname()}: {said}") as caught:
        worker.next_report()
    assert "\n" not in str(caught.value)


def lack(monkeypatch: pytest.MonkeyPatch, folder: Path, what: str) -> None:
    """Let this machine be without something, for good."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise NO_SPACE if what == "disk" else DataNotFound("no copy here")

    monkeypatch.setattr(faults, "sleep", lambda _seconds: None)
    if what == "split":
        (folder / SPLIT).unlink()
    elif what in ("storage", "folder"):
        folder.rename(folder.with_name(f"{folder.name}-away"))
    else:
        for way in ("load_training", "open_training"):
            monkeypatch.setattr(f"tuner.worker.images.{way}", refuse)


def test_a_gpu_that_answers_no_more_would_be_given_the_next_trial(
    setting: TrialSetting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = TrialWorker(setting)
    reports(worker, attempt(), 1)
    break_the_gpu(monkeypatch)
    with pytest.raises(WorkerLostError) as caught:
        worker.next_report()
    assert str(caught.value) == (
        f"{socket.gethostname()}: the GPU answers this process no more: "
        "AcceleratorError: CUDA error: an illegal memory access was encountered"
    )
    assert "Traceback" in (tmp_path / "trials" / "0" / "log.txt").read_text()


def test_an_error_on_a_gpu_that_still_answers_would_end_the_worker(
    setting: TrialSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = TrialWorker(setting)
    reports(worker, attempt(), 1)
    break_the_gpu(monkeypatch)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    report = worker.next_report()
    assert (report.outcome, report.reason[:17]) == ("error", "AcceleratorError:")


def break_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every epoch fails, and so does whatever is asked of the GPU afterwards."""

    def fail(*_arguments: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(Trainer, "epoch", fail)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", fail)


class Away:
    """The storage's folder out of sight, as a mount that is gone; for a while, or for good."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.waits: list[float] = []
        self.back_after = 10_000
        monkeypatch.setattr(faults, "sleep", self._wait)

    def go(self) -> None:
        self.folder.rename(self.folder.with_name("away"))

    def come_back(self) -> None:
        self.folder.with_name("away").rename(self.folder)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) == self.back_after:
            self.come_back()


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Away:
    return Away(tmp_path / "run", monkeypatch)


def test_a_read_that_fails_once_would_cost_the_trial_its_checkpoints(
    make_setting: Callable[[str], TrialSetting], undisturbed: list[tuple[object, ...]], away: Away
) -> None:
    worker = TrialWorker(make_setting("run"))
    reports(worker, attempt(), 2)
    away.back_after = 2
    away.go()
    resumed = reports(worker, attempt(recorded_epochs=2), 1)
    assert essence(resumed[0]) == undisturbed[2]
    assert len(away.waits) == 2
    log = (away.folder / "trials" / "0" / "log.txt").read_text()
    assert log.count("from epoch 0") == 1


def test_a_storage_that_stays_away_would_have_a_trial_begin_anew(
    make_setting: Callable[[str], TrialSetting], undisturbed: list[tuple[object, ...]], away: Away
) -> None:
    worker = TrialWorker(make_setting("run"))
    reports(worker, attempt(), 2)
    away.go()
    with pytest.raises(OutOfReachError, match=f"{socket.gethostname()}: .*is it mounted"):
        reports(worker, attempt(recorded_epochs=2), 1)
    assert 30 <= sum(away.waits) <= 60
    away.come_back()
    resumed = reports(worker, attempt(recorded_epochs=2), 1)
    assert essence(resumed[0]) == undisturbed[2]


def test_a_new_trial_would_wait_for_a_storage_that_holds_nothing_of_it(
    make_setting: Callable[[str], TrialSetting], away: Away
) -> None:
    worker = TrialWorker(make_setting("run"))
    reports(worker, attempt(), 1)
    away.go()
    report = reports(worker, attempt(1), 1)[0]
    assert report.outcome == "epoch"
    assert "A checkpoint was skipped" in report.notice
    assert away.waits == []


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
        assert weights is not None
        assert all(torch.equal(weights[name], kept[name]) for name in weights)


def test_an_error_in_training_would_take_the_worker_down(
    setting: TrialSetting, tmp_path: Path
) -> None:
    worker = TrialWorker(setting)
    wrong = {**attempt().hyperparameters, "score": "no such part"}
    worker.begin(replace(attempt(), hyperparameters=wrong))
    failed = worker.next_report()
    assert failed.outcome == "error"
    assert "Error" in failed.reason
    assert "Traceback" in (tmp_path / "trials" / "0" / "log.txt").read_text()
    assert reports(worker, attempt(1), 1)[0].outcome == "epoch"


def test_a_diverged_trial_would_be_reported_with_a_score(setting: TrialSetting) -> None:
    values = {**attempt().hyperparameters, "generator_lr": float("inf")}
    report = reports(TrialWorker(setting), replace(attempt(), hyperparameters=values), 1)[0]
    assert (report.outcome, report.row) == ("diverged", None)
