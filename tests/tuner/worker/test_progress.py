"""What of an epoch is kept."""

from types import SimpleNamespace
from typing import Any, cast

from models.lanes.lane import EpochResult
from models.trainer import Trainer
from tests.tuner.worker.attempts import attempt
from tuner.worker.progress import Progress
from tuner.worker.search_setting import TrialSetting


def result(epoch: int, stage: str, auroc: float) -> EpochResult:
    told = {"metrics": {"auroc": auroc}, "losses": {}, "seconds": 1.0, "diverged": False}
    return cast(EpochResult, SimpleNamespace(epoch=epoch, stage=stage, **told))


def test_the_best_detector_would_be_of_an_earlier_stages_score() -> None:
    files: Any = SimpleNamespace(read_checkpoint=lambda *_: None, log=lambda _: None)
    setting: Any = SimpleNamespace(files=lambda _: files, objective="best_auroc")
    progress = Progress(cast(TrialSetting, setting), attempt())
    trainer: Any = SimpleNamespace(state=lambda _: {}, fitted=lambda _: "detector")
    epochs = [("first", 0.9), ("first", 0.8), ("second", 0.5), ("second", 0.7), ("second", 0.6)]
    kept = [
        progress.take(cast(Trainer, trainer), 0, result(number, *epoch)).best is not None
        for number, epoch in enumerate(epochs, start=1)
    ]
    assert kept == [True, False, True, True, False]
