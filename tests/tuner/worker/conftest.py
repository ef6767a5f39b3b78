"""A search on digits, small enough to train an epoch in some hundredths of a second."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models import detectors
from models.data.config import DataConfig
from models.data.protocol import make_split
from models.data.sources import find
from tuner.attempt import Attempt, Report
from tuner.setting import SPLIT, TrialSetting
from tuner.storage import local_storage

DATA = DataConfig(
    dataset="digits",
    normal=(0,),
    fit_normals=48,
    validation_normals=20,
    validation_anomalies=20,
)
SMALL = {"width": 4, "batch_normals": 16, "batch_anomalies": 4}


@pytest.fixture
def make_setting(tmp_path: Path) -> Callable[..., TrialSetting]:
    """Settings of searches in folders of their own, all on the same split."""
    source = find(DATA)

    def make(name: str, data: DataConfig = DATA) -> TrialSetting:
        setting = TrialSetting(
            detector="two-discriminator-gan",
            objective="best_auroc",
            epochs=8,
            data=data,
            source=source,
            data_seed=0,
            threads=1,
            storage=local_storage(tmp_path / name),
        )
        (tmp_path / name).mkdir(exist_ok=True)
        make_split(data, source).save(tmp_path / name / SPLIT)
        return setting

    return make


@pytest.fixture
def setting(make_setting: Callable[[str], TrialSetting]) -> TrialSetting:
    return make_setting("")


def attempt(
    number: int = 0, recorded_epochs: int = 0, nth: int = 1, seed: int = 7, **values: object
) -> Attempt:
    return Attempt(
        number=number,
        attempt=nth,
        hyperparameters=detectors.resolve("two-discriminator-gan", SMALL | values),
        seed=seed,
        recorded_epochs=recorded_epochs,
    )


def essence(report: Report) -> tuple[object, ...]:
    """What must be equal, bit for bit, wherever an epoch was trained."""
    assert report.row is not None, report
    return (report.row.epoch, report.row.metrics, report.row.losses)
