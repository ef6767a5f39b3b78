"""A search on digits, small enough to train an epoch in some hundredths of a second."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.data.config import DataConfig
from models.data.sources import find
from models.data.split import save_splits
from models.data.tasks import make_splits
from tests.tuner.worker.packing import LANES, Requests
from tuner.storage import local_storage
from tuner.worker.pack import PackWorker
from tuner.worker.setting import SPLIT, TrialSetting

DATA = DataConfig(
    dataset="digits",
    normal=(0,),
    fit_normals=48,
    validation_normals=20,
    validation_anomalies=20,
)


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
        save_splits(tmp_path / name / SPLIT, make_splits(data, source))
        return setting

    return make


@pytest.fixture
def setting(make_setting: Callable[[str], TrialSetting]) -> TrialSetting:
    return make_setting("")


@pytest.fixture
def pack(setting: TrialSetting) -> Iterator[Requests]:
    worker = PackWorker(setting, LANES)
    yield Requests(worker)
    worker.close()
