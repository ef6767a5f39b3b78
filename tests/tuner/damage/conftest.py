"""Runs to be damaged: made once for each file of tests that damages them."""

import pytest

from tests.tuner.damage.damaged_runs import DamagedRuns


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> DamagedRuns:
    return DamagedRuns(tmp_path_factory.mktemp("damaged"))
