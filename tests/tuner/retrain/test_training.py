"""A training keeps its best epoch by validation, alone or beside others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models import detectors
from models.data.protocol import make_split
from models.data.sources import find
from models.lanes.lane import EpochResult
from tests.tuner.retrain.conftest import plan_of
from tuner.errors import TunerError
from tuner.retrain import jobs, training
from tuner.retrain.plan import Job, Plan, Setting
from tuner.retrain.training import load_images, train
from tuner.space import Machine


def result(epoch: int, auroc: float, auprc: float) -> EpochResult:
    return EpochResult(
        epoch=epoch,
        losses={},
        metrics={"auroc": auroc, "auprc": auprc} if auroc else {},
        seconds=1.0,
        images_per_second=1.0,
        diverged=not auroc,
    )


class ScriptedTrainer:
    """Gives prepared results; its detector is a file with the epoch's number."""

    def __init__(self, script: list[list[EpochResult]]) -> None:
        self._script = script
        self._epoch = 0

    def epoch(self) -> dict[int, EpochResult]:
        self._epoch += 1
        return dict(enumerate(self._script[self._epoch - 1]))

    def fitted(self, lane: int) -> "ScriptedTrainer":
        del lane
        return self

    def save(self, path: Path) -> None:
        path.write_text(str(self._epoch))


def train_scripted(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, script: list[list[EpochResult]]
) -> tuple[list[training.Trained], list[str]]:
    setting = Setting(plan=plan, source=None, split_file=Path(), work=plan.run_folder.path)  # type: ignore[arg-type]
    monkeypatch.setattr(training, "Trainer", lambda *_, **__: ScriptedTrainer(script))
    said: list[str] = []
    job = Job(contender=plan.best, numbers=tuple(range(len(script[0]))))
    return train(job, setting, None, said.append), said  # type: ignore[arg-type]


@pytest.mark.parametrize(("objective", "kept"), [("best_auroc", 3), ("auprc", 4)])
def test_another_epoch_than_the_best_by_the_search_metric_would_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objective: str, kept: int
) -> None:
    script = [
        [result(epoch, auroc, auprc)]
        for epoch, auroc, auprc in ((1, 0.6, 0.5), (2, 0.9, 0.6), (3, 0.9, 0.7), (4, 0.8, 0.6))
    ]  # of equal epochs the latest, the most trained, is kept
    plan = plan_of(tmp_path, objective=objective, epochs=4)
    (trained,), _ = train_scripted(plan, monkeypatch, script)
    assert trained.kept_epoch == kept
    assert trained.folder.read_text() == str(kept)
    assert trained.kept_row.epoch == kept


def test_an_epoch_would_be_kept_by_labels_that_the_objective_does_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = [result(1, 0.6, 0.5), result(2, 0.9, 0.6)]
    script = [
        [replace(each, metrics={**each.metrics, "npd": npd})]
        for each, npd in zip(results, (3.0, 1.0), strict=True)
    ]
    data = {"dataset": "digits", "validation": "synthetic"}
    plan = plan_of(tmp_path, objective="best_npd", epochs=2, data=data)
    (trained,), said = train_scripted(plan, monkeypatch, script)
    assert trained.kept_epoch == 1
    assert said[0].endswith("validation AUROC 0.6000 on synthetic anomalies, NPD 3.0000")


def test_a_diverged_epoch_would_count_or_end_the_other_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [
        [result(1, 0.6, 0.5), result(1, 0.6, 0.5)],
        [result(2, 0.0, 0.0), result(2, 0.7, 0.5)],
        [result(3, 0.9, 0.9), result(3, 0.8, 0.5)],
    ]
    plan = plan_of(tmp_path, epochs=3)
    trained, said = train_scripted(plan, monkeypatch, script)
    assert [one.kept_epoch for one in trained] == [1, 3]
    assert [one.diverged_epoch for one in trained] == [2, None]
    assert any("epoch 2/3  diverged" in line for line in said)


def test_a_training_without_a_usable_epoch_would_be_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or take the other lanes of its step with it, which have come to something."""
    plan = plan_of(tmp_path, epochs=2)
    script = [[result(1, 0.0, 0.0), result(1, 0.6, 0.5)], [result(2, 0.0, 0.0), result(2, 0.7, 0)]]
    (nothing, other), said = train_scripted(plan, monkeypatch, script)
    assert (nothing.usable, other.usable, other.kept_epoch) == (False, True, 2)
    assert any("epoch 1/2  diverged; it has come to nothing" in line for line in said)
    alone = [[of_first] for of_first, _ in script]
    monkeypatch.setattr(training, "Trainer", lambda *_, **__: ScriptedTrainer(alone))
    setting = make_setting(replace(plan, contenders=plan.contenders[:1]), tmp_path)
    monkeypatch.setattr(jobs, "find_machine", lambda: Machine(cpus=1, gpus=0))
    monkeypatch.setattr(training, "load_images", lambda _setting: None)
    with pytest.raises(TunerError, match="seed 1/2 came to nothing in its first epoch: it div"):
        jobs.train_all(setting, print)


def test_lanes_of_one_step_would_each_cost_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [[result(epoch, 0.6, 0.5)] * 2 for epoch in (1, 2)]
    trained, _ = train_scripted(plan_of(tmp_path, epochs=2), monkeypatch, script)
    assert [one.seconds for one in trained] == [1.0, 1.0]


def test_seeds_as_lanes_would_train_otherwise_than_alone(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, epochs=1)
    setting = make_setting(plan, tmp_path)
    data = load_images(setting)
    together = train(Job(contender=plan.best, numbers=(0, 1)), setting, data, print)
    for number, in_lane in enumerate(together):
        (alone,) = train(Job(contender=plan.best, numbers=(number,)), setting, data, print)
        assert alone.kept_row.losses == pytest.approx(in_lane.kept_row.losses, rel=2e-2)
        assert alone.number == in_lane.number == number
    first, second = (one.kept_row.losses["reconstruction"] for one in together)
    assert first != second


def test_a_detector_without_lanes_could_not_be_retrained_on_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Job] = []
    monkeypatch.setattr("models.precision.pick_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(jobs, "_train_here", lambda todo, *_: trained.extend(todo) or [])
    monkeypatch.setattr(detectors, "packable", lambda name: name != "random")
    plan = plan_of(tmp_path)
    jobs.train_all(make_setting(plan, tmp_path), print)
    for contender in plan.contenders:
        numbers = [job.numbers for job in trained if job.contender == contender]
        fused = [tuple(range(len(plan.seeds)))]
        alone = [(number,) for number in range(len(plan.seeds))]
        assert numbers == (alone if contender.detector == "random" else fused)
    assert "random" in {contender.detector for contender in plan.contenders}


def test_gpus_beside_the_first_would_stay_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.precision.pick_device", lambda: torch.device("cuda"))
    plan = plan_of(tmp_path)
    for gpus, one_by_one in ((1, True), (2, False)):
        machine = Machine(cpus=16, gpus=gpus)
        monkeypatch.setattr(jobs, "find_machine", lambda machine=machine: machine)
        assert (jobs._one_by_one(plan) is not None) is one_by_one
    alone = replace(plan, contenders=(plan.best,))
    assert jobs._one_by_one(alone) is not None, "all its seeds are lanes of one step"


def make_setting(plan: Plan, folder: Path) -> Setting:
    source: Any = find(plan.data)
    make_split(plan.data, source).save(folder / "split.npz")
    return Setting(plan=plan, source=source, split_file=folder / "split.npz", work=folder)
