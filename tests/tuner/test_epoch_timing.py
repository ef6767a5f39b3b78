from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models import detectors
from models.data.images import TrainingData
from models.data.loading import load_training
from models.data.protocol import make_split
from models.data.sources import find
from models.evaluation import validation
from models.stages import stage_lengths
from models.trainer import Trainer
from tests.tuner.space.test_space import GOOD
from tuner.errors import TunerError
from tuner.planning import epoch_timing
from tuner.space import Machine, Space

SMALL = {"data": {"dataset": "digits"}, "fixed": {"width": 2}}


def test_the_measured_epoch_would_leave_the_anomalies_or_the_validation_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_timing, "PROBE_NORMALS", 40)
    space = Space.model_validate(GOOD | SMALL)
    source = find(space.data)
    data = load_training(space.data, source, make_split(space.data, source))
    part, share = epoch_timing._part(data)
    normals = int((~data.fit.anomalous).sum())
    assert share == 40 / normals
    assert int((~part.fit.anomalous).sum()) == 40
    assert 4 <= int(part.fit.anomalous.sum()) <= 5
    assert part.validation is data.validation


def test_a_detector_that_cannot_be_scored_would_be_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = validation.judge

    def broken(parts: Any, anomalous: Any, lanes: Any, *rest: Any) -> Any:
        if any(lanes):
            raise KeyError("no such part")
        return judge(parts, anomalous, lanes, *rest)

    monkeypatch.setattr(validation, "judge", broken)
    with pytest.raises(TunerError, match=r"cannot be scored, .*no such part"):
        epoch_timing.epoch_seconds(Space.model_validate(GOOD | SMALL), Machine(cpus=1))


def test_the_probe_would_measure_nothing_or_keep_its_threads() -> None:
    threads = torch.get_num_threads()
    assert 0 < epoch_timing.epoch_seconds(Space.model_validate(GOOD | SMALL), Machine(cpus=1)) < 60
    assert torch.get_num_threads() == threads


def test_an_epoch_would_be_as_long_as_its_part_or_all_stages_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an epoch of five or nine seconds all but one trains, on 40 of the normals."""

    class Staged:
        def __init__(self, _detector: str, data: TrainingData, _lanes: object, *, epochs: int):
            self._images, self._left = len(data.fit.images), epochs

        def epoch(self) -> list[Any]:
            self._left -= 1
            stage, training_s = ("training", 8) if self._left < 2 else ("pretraining", 4)
            pace = {"images_per_second": self._images / training_s, "seconds": training_s + 1}
            return [SimpleNamespace(error=None, stage=stage, **pace)]

    monkeypatch.setattr("models.trainer.Trainer", Staged)
    monkeypatch.setattr(epoch_timing, "PROBE_NORMALS", 40)
    changes = {"detector": "fencegan", "epochs": 30, "search": {"fake_weight": {"log": [0.01, 1]}}}
    space = Space.model_validate(GOOD | SMALL | changes)
    share = 40 / 114
    first, second = stage_lengths(detectors.stages("fencegan"), 30)
    expected = (first * (4 / share + 1) + second * (8 / share + 1)) / 30
    found = epoch_timing.epoch_seconds(space, Machine(cpus=1))
    assert found == pytest.approx(expected)


def test_an_epoch_of_several_lanes_would_be_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = list[int]()
    epoch = Trainer.epoch

    def counted(trainer: Trainer) -> Any:
        results = epoch(trainer)
        trained.append(len(results))
        return results

    monkeypatch.setattr(Trainer, "epoch", counted)
    monkeypatch.setattr(epoch_timing, "PROBE_NORMALS", 40)
    assert epoch_timing.epoch_seconds(Space.model_validate(GOOD | SMALL), Machine(cpus=1), 3) > 0
    assert set(trained) == {3}
