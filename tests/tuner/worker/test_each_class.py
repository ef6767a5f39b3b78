"""Trials of `normal: each`: one configuration trained on every class of digits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.data.places import DataNotFound
from models.fitted import FittedDetector
from tests.tuner.conftest import DATA
from tests.tuner.worker.attempts import attempt, essence
from tuner.durability.run_guard import RunGuard
from tuner.engine.attempt import Report
from tuner.packing.pack import PackWorker
from tuner.record.run_folder import RunFolder
from tuner.storage import local_storage
from tuner.storage.checkpoints import Checkpoints
from tuner.worker.images import load_tasks
from tuner.worker.search_setting import TrialSetting
from tuner.worker.trial import TrialWorker

MakeSetting = Callable[..., TrialSetting]
EACH = replace(DATA, normal=("each",))


def reports(setting: TrialSetting, recorded: int, count: int) -> list[Report]:
    worker = TrialWorker(setting)
    worker.begin(attempt(recorded_epochs=recorded))
    return [worker.next_report() for _ in range(count)]


def test_a_trial_would_not_report_the_mean_of_its_classes_trained_alone(
    make_setting: MakeSetting, tmp_path: Path
) -> None:
    report = reports(make_setting("each", EACH), 0, 1)[0]
    rows = []
    for name in "0123456789":
        alone = reports(make_setting(name, replace(DATA, normal=(name,))), 0, 1)[0]
        assert alone.row is not None
        rows.append(alone.row)
    assert report.row is not None
    for metric in ("auroc", "auprc", "auroc/error", "f1"):
        assert report.row.metrics[metric] == sum(row.metrics[metric] for row in rows) / 10
    assert report.row.metrics["worst_auroc"] == min(row.metrics["auroc"] for row in rows)
    for name in rows[0].losses:
        assert report.row.losses[name] == sum(row.losses[name] for row in rows) / 10
    for number in range(10):
        kept = FittedDetector.load(tmp_path / f"each/trials/0/best/{number}")
        single = FittedDetector.load(tmp_path / f"{number}/trials/0/best")
        assert kept.files() == single.files()


def test_a_trial_that_was_broken_off_would_train_differently(make_setting: MakeSetting) -> None:
    undisturbed = reports(make_setting("undisturbed", EACH), 0, 3)
    setting = make_setting("each", EACH)
    first, second = reports(setting, 0, 2), reports(setting, 2, 1)
    assert [essence(each) for each in first + second] == [essence(each) for each in undisturbed]


def test_a_pack_of_one_would_train_a_class_alone(make_setting: MakeSetting) -> None:
    """On a GPU packs train, even where they have one lane."""
    expected = reports(make_setting("alone", EACH), 0, 2)
    pack = PackWorker(make_setting("pack", EACH), 1)
    try:
        found = [pack.next_report(attempt()) for _ in range(2)]
    finally:
        pack.close()
    assert [essence(each) for each in found] == [essence(each) for each in expected]


def test_a_trial_that_diverges_in_a_class_would_be_reported_with_a_score(
    make_setting: MakeSetting,
) -> None:
    values = {**attempt().hyperparameters, "generator_lr": float("inf")}
    worker = TrialWorker(make_setting("each", EACH))
    worker.begin(replace(attempt(), hyperparameters=values))
    report = worker.next_report()
    assert (report.outcome, report.row) == ("diverged", None)


def test_the_detectors_of_a_trial_would_be_left_when_room_is_needed(
    make_setting: MakeSetting,
) -> None:
    setting = make_setting("each", EACH)
    reports(setting, 0, 1)
    assert len(setting.storage.sizes("trials/0/best/")) == 10 * 3
    Checkpoints(setting.storage, 0).drop_best()
    assert not setting.storage.sizes("trials/0/best/")


def test_a_machine_without_the_images_would_get_one_class_alone(
    make_setting: MakeSetting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = make_setting("each", EACH)
    (tmp_path / "shared").mkdir()
    guard = RunGuard(RunFolder(tmp_path / "each"), local_storage(tmp_path / "shared"))
    expected = load_tasks(setting)
    assert list(expected) == list("0123456789")
    guard.upload(EACH, replace(setting.source, cache=tmp_path))
    place = guard.data_storage
    assert place is not None
    assert len([key for key in place.sizes() if key.endswith(".safetensors")]) == 10
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "worker"))
    monkeypatch.setattr("tuner.worker.images.load_training", _nothing_here)
    away = replace(
        setting, data_storage=place, source=replace(setting.source, cache=tmp_path / "nowhere")
    )
    found = load_tasks(away)
    for name, images in expected.items():
        assert found[name].fit.images.equal(images.fit.images)


def _nothing_here(*_arguments: object, **_named: object) -> None:
    raise DataNotFound("no copy here")
