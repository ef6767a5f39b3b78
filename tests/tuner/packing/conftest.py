"""A pack of lanes to make requests of."""

from collections.abc import Iterator

import pytest

from tests.tuner.packing.packing import LANES, Requests
from tuner.packing.pack import PackWorker
from tuner.worker.search_setting import TrialSetting


@pytest.fixture
def pack(setting: TrialSetting) -> Iterator[Requests]:
    worker = PackWorker(setting, LANES)
    yield Requests(worker)
    worker.close()
